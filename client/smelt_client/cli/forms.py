"""How results are written: the options that commands with `-o` share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import FormatUnknown
from ..results import FORMATS, ResultForm
from .common import WrongUsage
from .parse_options import delimiter_of


class LineEnd(StrEnum):
    """What ends a line of CSV."""

    LF = "lf"
    CRLF = "crlf"
    CR = "cr"


class Quoting(StrEnum):
    """Which cells of CSV are in quotes."""

    MINIMAL = "minimal"
    ALL = "all"


Out = Annotated[
    str,
    typer.Option("--output", "-o", metavar="OUT", help="File to write: .csv, .tsv, .xlsx or .jsonl."),
]
OutOrAsked = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="File to write: .csv, .tsv, .xlsx or .jsonl.",
        show_default=False,
    ),
]
Format = Annotated[
    str,
    typer.Option("--format", help="csv, xlsx or jsonl, whatever the file is called.", show_default=False),
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        help="comma, semicolon, tab or pipe, or the character itself; as in the uploaded file if missing.",
        show_default=False,
    ),
]
Bom = Annotated[
    bool | None,
    typer.Option(
        "--bom/--no-bom",
        help="Start the file with a byte order mark, or without; as the uploaded file if missing.",
        show_default=False,
    ),
]
LineEnds = Annotated[
    LineEnd | None,
    typer.Option("--line-end", help="As in the uploaded file if missing.", show_default=False),
]
Quotes = Annotated[
    Quoting | None,
    typer.Option(
        help="Quotes around cells that need them, or all; as in the uploaded file if missing.",
        show_default=False,
    ),
]


def form_of(
    path: Path,
    format_: str,
    *,
    delimiter: str | None,
    bom: bool | None,
    line_end: LineEnd | None = None,
    quoting: Quoting | None = None,
) -> ResultForm:
    """Return the form of results that go to a path; raise WrongUsage."""
    if format_ and format_.lower() not in FORMATS:
        raise WrongUsage(f"--format must be {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, not {format_}")
    form = ResultForm(
        byte_order_mark=bom,
        format=format_.lower(),
        delimiter=delimiter_of(delimiter),
        line_end=None if line_end is None else line_end.value,
        quoting=None if quoting is None else quoting.value,
    )
    try:
        form = form.for_path(path)
    except FormatUnknown as error:
        raise WrongUsage(str(error)) from None
    of_csv = (delimiter, bom, line_end, quoting)
    if form.format != "csv" and any(option is not None for option in of_csv):
        raise WrongUsage(f"--delimiter, --bom, --line-end and --quoting are for CSV, not for {form.format}")
    return form
