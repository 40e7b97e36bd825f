"""Labels and recipe of the run that the tests of taggers share."""

from __future__ import annotations

from tagfit.recipe import Recipe

LABELS = ("red", 'a "quoted" <b>label</b>')
RECIPE = Recipe(architecture="conv", widths=(4,), norm="batch", epochs=3, batch_size=16)
