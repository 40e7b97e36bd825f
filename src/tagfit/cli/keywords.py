"""tagfit keywords: what the keywords of a folder of photographs are, without changing anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import path_checks
from tagfit.cli.checking import checked
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.options import VocabularyFile
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say
from tagfit.cli.photo_options import PhotoOptions

SHOWN = 20
PhotoFolder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A folder of photographs.", callback=checked(path_checks.photo_folder))
]


@expand_groups
def keywords(
    *,
    folder: PhotoFolder,
    min_positives: Annotated[int, typer.Option(metavar="N", min=0, help="Leave out labels that fewer have.")] = 0,
    vocabulary: VocabularyFile = None,
    as_json: AsJson = False,
    reading: PhotoOptions,
) -> None:
    """Report the keywords of photographs and the labels they give.

    Nothing is written, and no picture is decoded.
    """
    from tagfit.data.pictures.accepted import SUFFIXES
    from tagfit.data.vocabulary_file import vocabulary_of
    from tagfit.photos.library import read_library
    from tagfit.photos.mapping import KeywordOptions
    from tagfit.photos.report import lines, report_of

    options = KeywordOptions.of(**reading.arguments())
    with progress_bar(quiet=as_json) as bar:
        library = read_library(
            folder, SUFFIXES, share=options.share_sidecars, raw=True, progress=on_decoded(bar, what="photographs")
        )
    words = vocabulary_of(folder, vocabulary)
    report = report_of(library, options, min_positives, None if words is None else words.with_implied)
    if as_json:
        print_json(report.to_dict())
    else:
        say("\n".join(lines(report, SHOWN)))
