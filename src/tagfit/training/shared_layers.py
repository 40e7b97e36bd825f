"""Shared layers: batch norm and dropout over the batch of all processes, as one process would compute them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tagfit.training.ranks import Ranks

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass
class SharedBatch:
    """The batch that is being trained on.

    Attributes:
        ranks: the processes.
        size: how many rows it has in all of them.
        masks: dropout masks of all its rows, drawn before, in the order of the layers; without any, each layer draws.
    """

    ranks: Ranks
    size: int = 0
    masks: list[Tensor] = field(default_factory=list)


def shared(net: nn.Module, batch: SharedBatch) -> nn.Module:
    """The net with its batch norms and dropouts replaced in place, and weights of the same names.

    A batch norm without running statistics, or with the mean of all batches for one, stays as it is.
    """
    for name, child in net.named_children():
        if type(child) in NORMS and child.track_running_stats and child.momentum is not None:
            setattr(net, name, SharedNorm(child, batch))
        elif type(child) is nn.Dropout:
            setattr(net, name, SharedDropout(child.p, batch))
        else:
            shared(child, batch)
    return net


class SharedNorm(nn.modules.batchnorm._BatchNorm):
    """A batch norm over the rows of all processes; in inference mode the one that it replaces.

    ``torch.nn.SyncBatchNorm`` is for GPUs only.
    """

    def __init__(self, norm: Any, batch: SharedBatch) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine)
        self.load_state_dict(norm.state_dict())
        self.to(norm.running_mean.device)
        self.batch = batch

    def _check_input_dim(self, _values: Tensor) -> None:
        pass

    def forward(self, values: Tensor) -> Tensor:
        if not self.training:
            return super().forward(values)
        given = (values.float(), self.weight, self.bias, self.eps, self.batch.ranks)
        normal, mean, variance, count = _Normalised.apply(*given)  # type: ignore[no-untyped-call]
        self._remember(mean, variance * (count / (count - 1)))
        normalised: Tensor = normal.to(values.dtype)
        return normalised

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        assert self.momentum is not None
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)
        self.num_batches_tracked.add_(1)


class SharedDropout(nn.Dropout):
    """Dropout that draws for the batch of all processes, so that the masks are those of one process."""

    def __init__(self, p: float, batch: SharedBatch) -> None:
        super().__init__(p)
        self.batch = batch

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or not self.p:
            return values
        share = self.batch.ranks.share(self.batch.size)
        if self.batch.masks:
            return values * self.batch.masks.pop(0)[share]
        kept = torch.empty(self.batch.size, *values.shape[1:], dtype=torch.bool, device=values.device)
        return values * kept.bernoulli_(1 - self.p)[share] / (1 - self.p)


class _Normalised(torch.autograd.Function):
    """Values of all processes shifted and scaled to mean 0 and variance 1 a channel, with one exchange each way.

    Torch's own kernels pass over the values of this process. Where it normalises by constants, the gradient lacks what
    the mean and the variance change, which is added: of y = (x - mean) / deviation, n values in all processes,
    dx = (dy - sum(dy) / n - y * sum(dy * y) / n) / deviation (Ioffe and Szegedy, 2015).
    """

    @staticmethod
    def forward(context: Any, values: Tensor, weight: Any, bias: Any, eps: float, ranks: Ranks) -> Any:
        _, mean, inverse = torch.native_batch_norm(values, None, None, None, None, True, 0.0, eps)
        here = values.numel() / values.shape[1]
        # In float64: a variance is a small difference of large sums.
        mean, variance = mean.double(), inverse.double() ** -2 - eps
        sums = torch.cat([here * mean, here * (variance + mean**2), mean.new_tensor([here])])
        ranks.sum([sums])
        count = float(sums[-1])
        mean, square = (sums[:-1] / count).chunk(2)
        variance = (square - mean**2).clamp_min(0)
        mean, variance = mean.float(), variance.float()
        normal = functional.batch_norm(values, mean, variance, weight, bias, eps=eps)
        context.save_for_backward(values, weight, mean, variance)
        context.eps, context.ranks, context.count = eps, ranks, count
        context.mark_non_differentiable(mean, variance)
        return normal, mean, variance, count

    @staticmethod
    def backward(context: Any, *slopes: Any) -> Any:
        values, weight, mean, variance = context.saved_tensors
        inverse = torch.rsqrt(variance + context.eps)
        by_values, by_weight, by_bias = torch.ops.aten.native_batch_norm_backward(
            slopes[0], values, weight, mean, variance, mean, inverse, False, context.eps, [True] * 3
        )
        sums = torch.stack([by_weight, by_bias])
        context.ranks.sum([sums])
        by_spread, by_shift = sums / context.count * (inverse if weight is None else inverse * weight)
        shape = (1, -1, *(1 for _ in values.shape[2:]))
        by_values.addcmul_(values - mean.view(shape), (-by_spread * inverse).view(shape)).sub_(by_shift.view(shape))
        return by_values, None if weight is None else by_weight, None if weight is None else by_bias, None, None
