"""Exit codes of the command line, all in one place."""

from __future__ import annotations

DONE = 0
BUG = 1  # what Python itself exits with after a traceback
DEMO_FAILED = BUG  # the demo did not turn out as it promises, which is a fault of tagfit and not of the input
INPUT_ERROR = 2
NOT_CONFIRMED = 3
CHECK_FAILED = 4
INTERRUPTED = 130

# By the verdict of a certificate.
OF_VERDICT = {"confirmed": DONE, "met": DONE, "met, not confirmed": NOT_CONFIRMED, "out of reach": CHECK_FAILED}
