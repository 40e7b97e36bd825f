"""tagfit serve: a tagger over HTTP."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagfit import processors
from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked, typed
from tagfit.cli.output import AsJson, print_json, say
from tagfit.errors import Fault, gathered, printable

if TYPE_CHECKING:
    from tagfit.server.serve import Listening


def _together(context: typer.Context) -> list[Fault]:
    faults: list[Fault] = []
    with gathered(faults):
        checks.serve_extra()
    with gathered(faults):
        checks.tagger_extra(Path(typed(context).get("model") or ""))
    return faults


@check_together(_together)
def serve(
    *,
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="A run folder, or a tagger's folder.", callback=checked(path_checks.model)
        ),
    ],
    host: Annotated[
        str,
        typer.Option(
            metavar="H",
            help="The IP address to listen on; but for this machine's own, requests need a token.",
            callback=checked(checks.host),
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="The port; 0: any free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            envvar="TAGFIT_TOKEN",
            help="What requests must bring (Authorization: Bearer T); else TAGFIT_TOKEN, or one is made where needed.",
            callback=checked(checks.token),
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=64, help="Threads that decode pictures.  [default: one per processor]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer requests for tags over HTTP.

    POST pictures to /tag, or pixels to /v2/models/NAME/infer; /docs lists every address. SIGTERM or Ctrl-C: what was
    accepted is answered, then it ends. SIGHUP: the model is loaded again, without losing a request.
    """
    from tagfit.server.serve import serve as run

    run(
        model,
        host=host,
        port=port,
        token=token,
        workers=workers or min(64, processors.usable()),
        on_listening=lambda about: _show(about, as_json),
        on_news=_tell,
    )


def _show(about: Listening, as_json: bool) -> None:
    if as_json:
        print_json(asdict(about))
    else:
        say(f"{about.model} on {about.address}; Ctrl-C ends it")
        if about.token is not None:
            say(f"token: {about.token}")
    sys.stdout.flush()


def _tell(line: str) -> None:
    sys.stderr.write(printable(line) + "\n")
    sys.stderr.flush()
