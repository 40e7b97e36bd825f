"""The step of a small dense net, forward and backward by hand: autograd's gradients in less of its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

import torch
from torch import Tensor, nn

from tagfit.recipe import Recipe

Loss = Callable[[Tensor], Tensor]


class DenseStep:
    """Gradients of a dense net whose layers are Linear, ReLU, and perhaps BatchNorm1d and Dropout, then a Linear head.

    A step of such a net is some forty operations of a few microseconds each, so what autograd and the modules add for
    each of them is most of its time. The formulas are those of the layers; batch norm's are torch's own functions.
    """

    def __init__(self, net: nn.Sequential) -> None:
        layers = [layer for layer in net if not isinstance(layer, nn.Flatten | nn.ReLU)]
        head = layers.pop()
        assert isinstance(head, nn.Linear)
        self.head = head
        self.blocks: list[tuple[nn.Linear, nn.BatchNorm1d | None, float]] = []
        for layer in layers:
            if isinstance(layer, nn.Linear):
                self.blocks.append((layer, None, 0.0))
                continue
            linear, norm, drop = self.blocks[-1]
            if isinstance(layer, nn.BatchNorm1d):
                self.blocks[-1] = (linear, layer, drop)
            else:
                assert isinstance(layer, nn.Dropout)
                self.blocks[-1] = (linear, norm, layer.p)

    @staticmethod
    def suits(net: nn.Module, recipe: Recipe) -> TypeGuard[nn.Sequential]:
        """Whether ``net``, which the recipe built, is such a net, on the processor, its gradients kept."""
        ready = all(weight.grad is not None and weight.device.type == "cpu" for weight in net.parameters())
        return recipe.architecture == "dense" and recipe.activation == "relu" and ready

    def gradients(self, rows: Tensor, loss: Loss) -> Tensor:
        """Write the gradient of ``loss(logits)`` into every weight's ``grad`` and return the loss.

        Args:
            rows: (n, ...) float32 inputs, n at least 2 with batch norm.
            loss: of logits (n, L), a scalar; differentiated by autograd, so any loss will do.
        """
        with torch.no_grad():
            values = rows.flatten(1)
            kept = []
            for linear, norm, drop in self.blocks:
                active = torch.addmm(linear.bias, values, linear.weight.t()).relu_()
                out, mean, spread = active, None, None
                if norm is not None:
                    assert norm.momentum is not None
                    out, mean, spread = torch.native_batch_norm(
                        active,
                        norm.weight,
                        norm.bias,
                        norm.running_mean,
                        norm.running_var,
                        True,
                        norm.momentum,
                        norm.eps,
                    )
                mask = None
                if drop:
                    mask = torch.empty_like(out).bernoulli_(1 - drop).mul_(1 / (1 - drop))
                    out = out * mask
                kept.append((values, active, mean, spread, mask))
                values = out
            logits = torch.addmm(self.head.bias, values, self.head.weight.t())
        logits.requires_grad_()
        result = loss(logits)
        (slope,) = torch.autograd.grad(result, logits)
        with torch.no_grad():
            slope = _linear_gradients(self.head, slope, values, more=True)
            for number in range(len(self.blocks) - 1, -1, -1):
                linear, norm, _ = self.blocks[number]
                values, active, mean, spread, mask = kept[number]
                if mask is not None:
                    slope = slope.mul_(mask)
                if norm is not None:
                    slope, scale, shift = torch.ops.aten.native_batch_norm_backward(
                        slope, active, norm.weight, norm.running_mean, norm.running_var, mean, spread, True, norm.eps,
                        [True, True, True],
                    )  # fmt: skip
                    norm.weight.grad.copy_(scale)  # type: ignore[union-attr]
                    norm.bias.grad.copy_(shift)  # type: ignore[union-attr]
                slope = torch.ops.aten.threshold_backward(slope, active, 0)
                slope = _linear_gradients(linear, slope, values, more=number > 0)
        return result.detach()


def _linear_gradients(linear: nn.Linear, slope: Tensor, values: Tensor, *, more: bool) -> Tensor:
    """Gradients of a Linear from the slope of its outputs; returns that of its inputs where there is ``more`` below."""
    assert linear.weight.grad is not None
    assert linear.bias.grad is not None
    torch.mm(slope.t(), values, out=linear.weight.grad)
    torch.sum(slope, 0, out=linear.bias.grad)
    return slope.mm(linear.weight) if more else slope
