"""What leaves the house: a Tagger is made of a run, saved as a folder, loaded again, and tags pictures."""

from tagfit.tagger.folder import holds_tagger, load, of_run, save
from tagfit.tagger.tagger import Tagger

__all__ = ["Tagger", "holds_tagger", "load", "of_run", "save"]
