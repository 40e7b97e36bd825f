"""Parts: what a recipe leaves frozen of a backbone, which is run once for each picture and kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tagfit.backbones import Backbone, FolderBackbone, find
from tagfit.recipe import NAMED, Recipe
from tagfit.training.backbones import efficientnet_lite

AnyBackbone = Backbone | FolderBackbone


@dataclass(frozen=True)
class Part:
    """A backbone up to some block, or all of it.

    Attributes:
        backbone: with the size of the pictures that it gets.
        stop: the block before which it ends, with maps (h, w, channels); None for all of it, with features.
    """

    backbone: AnyBackbone
    stop: int | None = None


def backbone_of(recipe: Recipe) -> AnyBackbone:
    """The backbone of a recipe, for pictures of the size that the recipe says.

    Raises:
        InputError: it is not there.
    """
    found = find(recipe.backbone)
    return replace(found, size=recipe.backbone_size) if recipe.backbone_size else found


def frozen_part(recipe: Recipe) -> Part | None:
    """What is run once for each picture; None where the net of the recipe takes pictures.

    The models of transformers are not cut: each has another form.

    Raises:
        InputError: the backbone is not there.
    """
    if recipe.frozen:
        return Part(backbone_of(recipe))
    if recipe.tuned and recipe.tune == "last" and isinstance(backbone := backbone_of(recipe), Backbone):
        return Part(backbone, efficientnet_lite.VARIANTS[backbone.name].last)
    return None


def first_block(recipe: Recipe) -> int:
    """The first block of a backbone that the net of a recipe contains: 0 where it takes pictures.

    Raises:
        InputError: the backbone is not there.
    """
    part = frozen_part(recipe)
    return 0 if part is None else part.stop or 0


def frozen_branch_recipe(recipe: Recipe) -> Recipe:
    """What the head of a frozen branch is trained by: ``pretrained`` on the backbone of a recipe."""
    return NAMED["pretrained"].changed(backbone=recipe.backbone, backbone_size=recipe.backbone_size)


def extracted(recipe: Recipe) -> list[tuple[Part, int]]:
    """What is run once for each picture before a training: parts, each with the number of a view, 0 for no view.

    Raises:
        InputError: the backbone is not there.
    """
    part = frozen_part(recipe)
    views = range(recipe.views + 1 if recipe.augment else 1)
    found = [] if part is None else [(part, view) for view in views]
    return [(Part(backbone_of(recipe)), 0), *found] if recipe.frozen_branch else found
