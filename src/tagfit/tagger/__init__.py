"""Taggers: packed models, made from a run, saved as a folder, loaded again to tag pictures."""

from tagfit.tagger.folder import holds_tagger, load, of_run, save
from tagfit.tagger.tagger import Tagger

__all__ = ["Tagger", "holds_tagger", "load", "of_run", "save"]
