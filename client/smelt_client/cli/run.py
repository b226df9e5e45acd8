"""The one-liner: a file and templates in, an enriched CSV out."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..client import Client
from ..models import Job
from ..money import usd
from . import asking, first_time
from .common import AsJson, MaxCost, Quiet, SendBlankRows, WrongUsage, logged_in
from .following import follow
from .forms import Bom, Delimiter, Format, OutOrAsked, form_of
from .jobs import exit_code, outcomes
from .names import completing, found
from .outputs import destination, output_path
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
from .sources import check_source, on_server
from .templates import find_template

MOST_ROWS = 2**31 - 1


class EconomyRest(StrEnum):
    """How rows go that a batch left."""

    ORDINARY = "ordinary"
    BATCH = "batch"


def run(
    file: Annotated[
        str,
        typer.Argument(help="A CSV or .xlsx on this machine, - for stdin, or files/ID of an upload."),
    ],
    template: Annotated[
        list[str] | None,
        typer.Option(
            "--template",
            "-t",
            help="templates/ID, ID or display name; repeat it to run several in order.",
            autocompletion=completing("templates"),
            show_default=False,
        ),
    ] = None,
    output: OutOrAsked = None,
    called: Annotated[
        str | None,
        typer.Option("--name", help="What to call the job, for `smelt jobs list`.", show_default=False),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(metavar="A-B", help="Only these data rows, counted from 1.", show_default=False),
    ] = None,
    parallel: Annotated[
        int | None, typer.Option(min=1, help="Maximum provider calls in flight.", show_default=False)
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(help="apiKeys/ID, or `managed`; the active key if missing.", show_default=False),
    ] = None,
    max_cost: MaxCost = None,
    identical_once: Annotated[
        bool, typer.Option("--identical-once", help="Send identical prompts only once, at any temperature.")
    ] = False,
    economy: Annotated[
        bool,
        typer.Option("--economy", help="Send prompts in batches: up to a day, at half the price."),
    ] = False,
    economy_rest: Annotated[
        EconomyRest | None,
        typer.Option(
            case_sensitive=False,
            help="How to send rows that a batch left unanswered: `ordinary`, at full price, or `batch`.",
            show_default=False,
        ),
    ] = None,
    blank_rows: SendBlankRows = False,
    encoding: Encoding = None,
    file_delimiter: FileDelimiter = None,
    skip_rows: SkipRows = None,
    skip_last_rows: SkipLastRows = None,
    duplicate_names: DuplicateNames = None,
    sheet: Sheet = None,
    format_: Format = "",
    delimiter: Delimiter = None,
    bom: Bom = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until the job ends, or just start it.")
    ] = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run templates over the rows of a CSV and write the result.

    Example: smelt run leads.csv -t "Opening hook" -o enriched.csv --rows 1-20

    The ending of OUT decides the format of the result: .csv (as the uploaded file is written), .tsv, .xlsx or
    .jsonl. Whatever is missing is asked for at a terminal: a login, an API key, a template, where to write.

    If FILE cannot be read as it is, what would read it is shown, and asked for at a terminal, as by
    `smelt files upload`.

    Ctrl-C leaves the job running. Exit code 5: the job finished, but some rows failed.
    """
    out = Output(as_json=as_json, quiet=quiet)
    first, last = (None, None) if rows is None else parse_rows(rows)
    if api_key is not None and api_key.startswith("sk-"):
        raise WrongUsage(
            "--api-key takes the name of a saved key, never the key itself; save one with `smelt keys add`"
        )
    if economy_rest is not None and not economy:
        raise WrongUsage("--economy-rest is for economy jobs; add --economy")
    read = options_of(encoding, file_delimiter, skip_rows, skip_last_rows, duplicate_names, sheet)
    check_source(file, read)
    if not template and not asking.at_a_terminal():
        raise WrongUsage("the template is missing; name it with -t, or see `smelt templates list`")
    path = output_path(first_time.place(file) if output is None else output, as_json=as_json)
    form = form_of(path, format_, delimiter=delimiter, bom=bom)
    first_time.log_in(out)
    with logged_in() as client:
        if api_key is None:
            first_time.add_key(client, out)
        templates = [find_template(client, text) for text in template or ()]
        # What can be seen to be wrong is refused before a file is sent.
        cost, key = usd(max_cost), _key(client, api_key)
        with on_server(client, out, file, read) as name:
            job = client.jobs.create(
                name,
                templates or [first_time.template(client, out, client.files.get(name))],
                first_row=first,
                last_row=last,
                parallel_calls=parallel,
                api_key=key,
                max_cost_usd=cost,
                identical_prompts_once=identical_once or None,
                economy=economy or None,
                economy_rest=None if economy_rest is None else economy_rest.value.upper(),
                send_blank_rows=blank_rows or None,
                display_name=called,
            )
        if not wait:
            _started(out, job, path)
            return
        job = follow(out, client.jobs.watch(job.name), job.name)
        code = exit_code(job)
        whole = job.state == "COMPLETED"
        if whole:
            with destination(path) as target:
                written = client.jobs.download(job.name, target, form)
            counts = job.request_counts
            out.message(f"Wrote {path}: {written} bytes, rows: {outcomes(counts)}")
            if counts.failed:
                out.message(f"Why rows failed: smelt jobs rows {job.name} --state FAILED")
                out.message(f"To send them again: smelt jobs retry-failed {job.name}")
        else:
            out.message(
                f"Nothing was written. To get the finished rows: smelt jobs download {job.name} -o {path}"
            )
    if as_json:
        out.json({"job": job.raw, "output": str(path) if whole else None})
    raise typer.Exit(code)


def _key(client: Client, text: str | None) -> str | None:
    """Return the name of a key that exists; `managed` is the installation's."""
    if text is None or text.removeprefix("apiKeys/") == "managed":
        return text
    return client.api_keys.get(found(client, "apiKeys", text)).name


def _started(out: Output, job: Job, path: Path) -> None:
    if out.as_json:
        out.json({"job": job.raw, "output": None})
    else:
        print(job.name)
    out.message(f"Watch it: smelt jobs watch {job.name}; then: smelt jobs download {job.name} -o {path}")


def parse_rows(text: str) -> tuple[int | None, int | None]:
    """Return first and last row of `A-B`, `A-`, `-B` or `A`."""
    found = re.fullmatch(r"(\d{0,10})(?:(-)(\d{0,10}))?", text.strip(), re.ASCII)
    if found is None or not (found[1] or found[3]):
        raise WrongUsage(f"{text!r} is not a range of rows; use A-B, such as 1-20")
    first = int(found[1]) if found[1] else None
    last = (int(found[3]) if found[3] else None) if found[2] else first
    lowest, highest = 1 if first is None else first, MOST_ROWS if last is None else last
    if not 1 <= lowest <= highest <= MOST_ROWS:
        raise WrongUsage(
            f"the range {text} contains no rows; rows count from 1, and the first must not be after the last"
        )
    return first, last
