"""The vocabulary: which words are one label, which label implies which, and which exclude each other."""

from tagfit.vocabulary.vocabulary import FILE, Vocabulary

__all__ = ["FILE", "Vocabulary"]
