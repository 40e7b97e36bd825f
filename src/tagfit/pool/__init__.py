"""The pool: pictures without tags, seen through a run: which to tag next, and which show something similar."""
