"""The command that estimates a job before it is started."""

from __future__ import annotations

from typing import Annotated

import typer

from ..models import Estimate
from .common import AsJson, Quiet, SendBlankRows, logged_in
from .names import completing
from .parse_options import (
    DuplicateNames,
    Encoding,
    FileDelimiter,
    Sheet,
    SkipLastRows,
    SkipRows,
    options_of,
)
from .printing import Output
from .run import parse_rows
from .sources import check_source, on_server
from .templates import find_template


def estimate(
    file: Annotated[
        str,
        typer.Argument(help="A CSV or .xlsx on this machine, - for stdin, or files/ID of an upload."),
    ],
    template: Annotated[
        list[str],
        typer.Option(
            "--template",
            "-t",
            help="templates/ID, ID or display name; repeat it to run several in order.",
            autocompletion=completing("templates"),
        ),
    ],
    rows: Annotated[
        str | None,
        typer.Option(metavar="A-B", help="Only these data rows, counted from 1.", show_default=False),
    ] = None,
    blank_rows: SendBlankRows = False,
    encoding: Encoding = None,
    file_delimiter: FileDelimiter = None,
    skip_rows: SkipRows = None,
    skip_last_rows: SkipLastRows = None,
    duplicate_names: DuplicateNames = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Estimate a job's calls and cost without starting it.

    Example: smelt estimate leads.csv -t "Opening hook" --rows 1-20

    A file on this machine is uploaded for it, and stays.
    """
    out = Output(as_json=as_json, quiet=quiet)
    first, last = (None, None) if rows is None else parse_rows(rows)
    read = options_of(encoding, file_delimiter, skip_rows, skip_last_rows, duplicate_names, sheet)
    check_source(file, read)
    with logged_in() as client:
        found = [find_template(client, text) for text in template]
        with on_server(client, out, file, read) as name:
            told = client.jobs.estimate(
                name, found, first_row=first, last_row=last, send_blank_rows=blank_rows or None
            )
    cost = f"{told.cost_low_usd} to {told.cost_high_usd} US dollars (prices of {told.prices_date})"
    economy = f"{told.economy_cost_low_usd} to {told.economy_cost_high_usd} US dollars (`--economy`)"
    unknown = f"unknown: no price for {', '.join(told.unpriced_models)}"
    out.one(
        told,
        {
            "file": name,
            "rows": told.row_count,
            "blank rows": _blank(told),
            "calls": told.request_count,
            "prompt tokens": f"{told.input_tokens_low} to {told.input_tokens_high}",
            "answer tokens": f"{told.output_tokens_low} to {told.output_tokens_high}",
            "cost": cost if told.cost_high_usd else unknown,
            "economy cost": economy if told.economy_cost_high_usd else unknown,
            "usage": f"{told.request_count} of {told.usage_left} left"
            if told.usage_limit is not None
            else "no limit",
        },
    )
    for warning in told.warnings:
        out.message(f"Warning: {warning}")


def _blank(told: Estimate) -> str:
    about = "about " if told.blank_rows_estimated else ""
    return f"{about}{told.blank_row_count}, which are skipped" if told.blank_row_count else "none"
