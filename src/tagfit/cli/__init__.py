"""The command line: each command parses, calls one function and prints."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run ``tagfit`` with ``arguments`` (those of the process if None) and return its exit code.

    The codes are those of ``tagfit.cli.exit_codes``.
    """
    from tagfit.cli.app import run

    code = run(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        sys.exit(code)
    return code
