"""Commands for CSV files."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from ..models import ColumnProfile, File
from . import asking
from .common import AsJson, Fields, Limit, Quiet, Yes, group, logged_in
from .mending import mended
from .names import completing, found
from .outputs import destination, output_path
from .parse_options import Delimiter, DuplicateNames, Encoding, Sheet, SkipLastRows, SkipRows, options_of
from .printing import Output, clean, when
from .sources import other_sheets
from .uploading import bar

files = group("Upload, inspect and delete CSV and Excel files.")

Name = Annotated[
    str, typer.Argument(metavar="FILE", help="files/ID, or just the ID.", autocompletion=completing("files"))
]


@files.command()
def upload(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            exists=True,
            dir_okay=False,
            readable=True,
            help="The CSV or .xlsx on this machine.",
        ),
    ],
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    skip_rows: SkipRows = None,
    skip_last_rows: SkipLastRows = None,
    duplicate_names: DuplicateNames = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Upload a CSV or an Excel workbook.

    If it cannot be read as it is, what can be done is shown, with a row of the result, and asked for; without
    a terminal, the commands that would do it are printed. The upload is kept for an hour.
    """
    out = Output(as_json=as_json, quiet=quiet)
    read = options_of(encoding, delimiter, skip_rows, skip_last_rows, duplicate_names, sheet)

    def send() -> File:
        shown = bar(out, path) if out.messages.is_terminal and not quiet else nullcontext()
        with shown as progress:
            return client.files.upload(path, progress=progress, **read)

    with logged_in() as client:
        file = mended(client, out, send, read)
    _show(out, file)


@files.command()
def reparse(
    name: Name,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    skip_rows: SkipRows = None,
    skip_last_rows: SkipLastRows = None,
    duplicate_names: DuplicateNames = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Read a file again, in another way.

    Other options hold from then on; a job that has started keeps those of its start. Of an upload that was
    refused, and is kept for an hour, it makes a file.
    """
    out = Output(as_json=as_json, quiet=quiet)
    read = options_of(encoding, delimiter, skip_rows, skip_last_rows, duplicate_names, sheet)
    with logged_in() as client:
        named = found(client, "files", name)
        _show(out, mended(client, out, lambda: client.files.reparse(named, **read), read))


@files.command("list")
def list_files(
    limit: Limit = None, fields: Fields = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """List the files."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {
        "NAME": lambda file: file.name,
        "ROWS": lambda file: file.row_count,
        "BYTES": lambda file: file.size_bytes,
        "UPLOADED": lambda file: when(file.create_time),
        "FILE": lambda file: file.display_name,
    }
    with logged_in() as client:
        out.items(client.files.list(), columns)


@files.command()
def show(name: Name, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Show a file's details."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        _show(out, client.files.get(found(client, "files", name)))


@files.command()
def profile(name: Name, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Show a file's columns and its quality score.

    The score is 100 less the points taken off for each cause.
    """
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        seen = client.files.profile(found(client, "files", name))
    if as_json:
        out.json(seen.raw)
        return
    quality = seen.quality
    points = {
        "empty rows": quality.empty_rows_points,
        "incomplete columns": quality.incomplete_columns_points,
        "malformed cells": quality.malformed_cells_points,
        "missing columns": quality.missing_columns_points,
    }
    fields: dict[str, object] = {"quality": f"{quality.score} ({quality.band})"}
    fields |= {title: f"-{taken:.1f}" for title, taken in points.items()}
    fields |= {"rows": seen.row_count, "empty": seen.empty_row_count}
    if seen.encoding_guessed:
        fields["encoding"] = f"{seen.encoding}, a guess; a line of it: {clean(seen.sample_line)}"
    out.one(seen, fields)
    titles = [
        "COLUMN",
        "TYPE",
        "SURE",
        "FILLED",
        "NO VALUE",
        "MALFORMED",
        "DUPLICATES",
        "KIND",
        "SAMPLES",
    ]
    out.rows(titles, map(_profile_row, seen.columns))


def _profile_row(column: ColumnProfile) -> list[object]:
    known = column.type not in ("", "COLUMN_TYPE_UNSPECIFIED")
    return [
        column.name,
        column.type.lower().replace("_", " ") if known else "",
        f"{column.confidence:.1f}" if known else "",
        f"{column.completeness:.0%}",
        column.placeholder_count or "",
        column.malformed_count or "",
        column.duplicate_count or "",
        column.value_kind.lower() if column.value_kind in ("NUMBER", "DATE", "IDENTIFIER") else "",
        ", ".join(column.samples),
    ]


@files.command()
def rows(
    name: Name,
    first: Annotated[int, typer.Option(min=1, help="First data row, counted from 1.")] = 1,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many rows.")] = 10,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show data rows."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        titles = (
            []
            if as_json
            else ["ROW", *(column.name for column in client.files.get(found(client, "files", name)).columns)]
        )
        read = client.files.rows(found(client, "files", name), first=first, count=count)
    if as_json:
        out.json([row.raw for row in read])
    else:
        out.rows(titles, ([row.number, *row.cells] for row in read))


@files.command()
def download(
    name: Name,
    output: Annotated[str, typer.Option("--output", "-o", metavar="OUT", help="File to write.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Download the original bytes and verify their length and digest."""
    out = Output(as_json=as_json, quiet=quiet)
    path = output_path(output, as_json=as_json)
    with logged_in() as client:
        file = client.files.get(found(client, "files", name))
        with destination(path) as target:
            written = client.files.download(file, target, sha256=file.sha256)
    if as_json:
        out.json({"output": str(path), "size_bytes": written})
    out.message(f"Wrote {path}: {written} bytes")


@files.command()
def rm(name: Name, yes: Yes = False, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Delete a file. Finished jobs keep their results."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        asking.confirm(f"Delete {name}?", yes=yes)
        client.files.delete(found(client, "files", name))
    if as_json:
        out.json({})
    out.message(f"Deleted {name}")


@files.command()
def settings(
    retention_days: Annotated[
        int | None,
        typer.Option(
            min=0, max=36500, help="Remove files after this many days; 0 for never.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show how long files are kept, or change it."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        if retention_days is None:
            found = client.files.settings()
        else:
            found = client.files.update_settings(retention_days=retention_days)
    out.one(
        found,
        {
            "removed after": _days(found.retention_days),
            "by the installation": _days(found.installation_retention_days),
        },
    )


def _days(count: int) -> str:
    return f"{count} days" if count else "never"


def _source(file: File) -> dict[str, str]:
    """Return how the file was read; of a workbook, every sheet that was not."""
    if not file.sheet:
        encoding = f"{file.encoding}, a guess" if file.encoding_guessed else file.encoding
        return {"encoding": encoding, "delimiter": clean(file.delimiter)}
    others = other_sheets(file)
    return {"sheet": clean(file.sheet), **({"other sheets": others} if others else {})}


def _show(out: Output, file: File) -> None:
    fields = {
        "name": file.name,
        "file": file.display_name,
        "rows": file.row_count,
        "columns": ", ".join(clean(column.name) for column in file.columns),
        "bytes": file.size_bytes,
        **_source(file),
        "sha256": file.sha256,
        "uploaded": when(file.create_time),
    }
    if file.encoding_guessed:
        fields["a line of it"] = clean(file.sample_line)
    if file.omitted_columns:
        fields["left out"] = f"columns without name and values: {', '.join(map(str, file.omitted_columns))}"
    skipped = [(file.skip_rows, "before the header"), (file.skip_last_rows, "at the end")]
    if said := ", ".join(f"{count} {where}" for count, where in skipped if count):
        fields["skipped rows"] = said
    out.one(file, fields)
