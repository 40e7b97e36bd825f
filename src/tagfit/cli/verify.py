"""tagfit verify: a certificate compared with sources, weights and logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked
from tagfit.cli.exit_codes import CHECK_FAILED, DONE
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say


@check_together(checks.needs_train_extra("verifying a certificate"))
def verify(
    certificate: Annotated[
        Path,
        typer.Argument(
            metavar="CERTIFICATE",
            help="certificate.json, or the folder of its cure.",
            callback=checked(path_checks.certificate),
        ),
    ],
    as_json: AsJson = False,
) -> int:
    """Check a certificate against sources, weights and logs.

    Exit code: 0 if everything is as certified, 4 if something was altered.
    """
    from tagfit import workflow
    from tagfit.curing.certificate import NO_SIGNATURE

    with progress_bar(quiet=as_json) as bar:
        found = workflow.verify(certificate, on_decoded=on_decoded(bar))
    if as_json:
        print_json(found.to_dict())
    else:
        for check in found.checks:
            said = f" ({check.said})" if check.said else ""
            say(f"{'holds' if not check.altered else 'ALTERED'}  {check.what}{said}")
            for one in check.altered:
                say(f"         {one}")
        where = "on the machine of the cure" if found.same_machine else "on another machine, or with other libraries"
        say(f"\n{'Everything holds' if found.holds else 'Not as certified'}; scored {where}. {NO_SIGNATURE}")
    return DONE if found.holds else CHECK_FAILED
