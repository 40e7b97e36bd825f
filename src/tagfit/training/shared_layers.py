"""Shared layers: batch norm and dropout over the batch of all processes, as one process would compute them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

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
        wide = values.float()
        others = [0, *range(2, wide.ndim)]
        shape = (1, -1, *(1 for _ in others[1:]))
        here = wide.numel() / wide.shape[1]
        sums = _summed(torch.cat([wide.sum(others), wide.new_tensor([here])]), self.batch.ranks)
        count = sums[-1].detach()
        mean = sums[:-1] / count
        centred = wide - mean.view(shape)
        variance = _summed(centred.square().sum(others), self.batch.ranks) / count
        self._remember(mean.detach(), variance.detach() * count / (count - 1))
        normal = centred * torch.rsqrt(variance + self.eps).view(shape)
        if self.affine:
            normal = normal * self.weight.view(shape) + self.bias.view(shape)
        return normal.to(values.dtype)

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


class _Sum(torch.autograd.Function):
    """The sum of a tensor over all processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(context: Any, values: Tensor, ranks: Ranks) -> Tensor:
        context.ranks = ranks
        total = values.clone()
        ranks.sum([total])
        return total

    @staticmethod
    def backward(context: Any, *slopes: Any) -> Any:
        total = slopes[0].clone()
        context.ranks.sum([total])
        return total, None


def _summed(values: Tensor, ranks: Ranks) -> Tensor:
    summed: Tensor = _Sum.apply(values, ranks)  # type: ignore[no-untyped-call]
    return summed
