"""Taggers: packed models, made from a run, saved as a folder, loaded again to tag pictures."""

from tagfit.tagger.folder import engine_in, holds_tagger, load, of_run, save
from tagfit.tagger.onnx_engine import require as require_onnx_runtime
from tagfit.tagger.tagger import Tagger

__all__ = ["Tagger", "engine_in", "holds_tagger", "load", "of_run", "require_onnx_runtime", "save"]
