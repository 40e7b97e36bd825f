"""Tuned: a backbone, or its last blocks, with a head on it, trained together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tagfit.recipe import Recipe
from tagfit.training.backbones.resized import Resized

if TYPE_CHECKING:
    from tagfit.training.batches import Batches

# Of the blocks of a model of transformers, the share that counts as the last ones; at least one.
LAST_SHARE = 4
# Rows from whose features the head takes mean and deviation, and how many at a time.
FITTED_ROWS, AT_ONCE = 512, 32


class Tuned(nn.Module):
    """Pictures in 0..255, or the maps of a frozen part, float32 (n, c, h, w) -> logits (n, L).

    With a frozen branch, its logits and those of what is tuned are averaged, which is more accurate than either alone
    (ensembles in output space: Wortsman et al., "Robust fine-tuning of zero-shot models", 2022). In training mode there
    are only those of what is tuned, so that it learns by itself.

    Args:
        body: gives features, (n, D).
        head: Standardise and dense layers.
        recipe: which blocks of the body are trained, and how.
        resized: between pictures and body; None for maps.
        frozen: a body that stays as it was published, and its head; None for no such branch.
    """

    def __init__(
        self,
        body: nn.Module,
        head: nn.Sequential,
        recipe: Recipe,
        resized: Resized | None,
        frozen: nn.Sequential | None = None,
    ) -> None:
        super().__init__()
        self.resized = resized
        self.body, self.head = body, head
        self.frozen = None if frozen is None else frozen.requires_grad_(requires_grad=False)
        self.keeps_statistics = recipe.batch_statistics == "frozen"
        levels = levels_of(body)
        trained = len(levels)
        if recipe.tune == "last" and resized is not None:
            trained = max(1, blocks_in(body) // LAST_SHARE)
        self.levels = levels[len(levels) - trained :]
        for level in levels[: len(levels) - trained]:
            for weight in level:
                weight.requires_grad = False

    def features(self, pictures: Tensor) -> Tensor:
        """What the head of the tuned body gets, (n, D)."""
        found: Tensor = self.body(self._sized(pictures))
        return found

    def forward(self, pictures: Tensor) -> Tensor:
        given = self._sized(pictures)
        if self.frozen is None or self.training:
            return self._tuned(given)
        # The frozen one first: the features of a net are what goes into the last layer that is called.
        others: Tensor = self.frozen(given)
        return (others + self._tuned(given)) / 2

    def _tuned(self, given: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(given))
        return logits

    def _sized(self, pictures: Tensor) -> Tensor:
        return pictures if self.resized is None else self.resized(pictures)

    def train(self, mode: bool = True) -> Tuned:
        """Training mode for what is trained; batch norm of the body keeps its statistics where the recipe says so."""
        super().train(mode)
        for layer in self.body.modules():
            own = list(layer.parameters())
            still = bool(own) and not any(weight.requires_grad for weight in own)
            if still or (isinstance(layer, _BatchNorm) and self.keeps_statistics):
                layer.eval()
        if self.frozen is not None:
            self.frozen.eval()
        return self

    def rates(self, recipe: Recipe) -> list[tuple[list[nn.Parameter], float]]:
        """The weights in groups, each with its learning rate as a share of the recipe's."""
        share = recipe.backbone_learning_rate / recipe.learning_rate
        depths = [share * recipe.layer_decay**depth for depth in range(len(self.levels))]
        return [(list(self.head.parameters()), 1.0), *zip(reversed(self.levels), depths, strict=True)]

    def begin(self, published: nn.Module, rows: Batches, frozen_head: dict[str, Tensor]) -> None:
        """Take the weights that were published, and let the head standardise their features of some rows of train.

        Args:
            published: the body.
            rows: of train.
            frozen_head: the weights of the head of the frozen branch, trained; empty without that branch.
        """
        self.body.load_state_dict(published.state_dict())
        some = torch.linspace(0, len(rows) - 1, min(FITTED_ROWS, len(rows))).long()
        self.eval()
        with torch.inference_mode():
            features = [self.features(rows.batch(positions)) for positions in torch.split(some, AT_ONCE)]
        self.head[0].fit(torch.cat(features).clone())  # type: ignore[operator]
        if self.frozen is not None:
            self.frozen[0].load_state_dict(published.state_dict())
            self.frozen[1].load_state_dict(frozen_head)


def blocks_in(body: nn.Module) -> int:
    """How many blocks follow one another in a net."""
    return len(_blocks(body))


def levels_of(body: nn.Module) -> list[list[nn.Parameter]]:
    """The weights from the input to the output, a list for each block.

    What comes before the first block is a level of its own; what comes after the last one belongs to it.
    """
    blocks = _blocks(body)
    within = [list(block.parameters()) for block in blocks]
    places = {id(weight): number for number, level in enumerate(within) for weight in level}
    before: list[nn.Parameter] = []
    seen = False
    for weight in body.parameters():
        if id(weight) in places:
            seen = True
        elif seen:
            within[-1].append(weight)
        else:
            before.append(weight)
    return [level for level in (before, *within) if level]


def _blocks(body: nn.Module) -> list[nn.Module]:
    """The sequence of modules that has the most weights; of equal ones the first, which contains the others."""
    sequences = [layer for layer in body.modules() if isinstance(layer, nn.Sequential | nn.ModuleList)]
    several = [layer for layer in sequences if len(layer) > 1]
    if not several:
        return [body]
    return list(max(several, key=lambda layer: sum(weight.numel() for weight in layer.parameters())))
