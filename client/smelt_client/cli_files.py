"""Commands about CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import asking
from .cli_common import AsJson, Quiet, WrongUsage, Yes, group, logged_in
from .models import File
from .printing import Output, clean, when

files = group("CSV files: upload, look at, download, delete.")

Name = Annotated[str, typer.Argument(metavar="FILE", help="files/ID, or only the ID.")]


def output_path(text: str) -> Path:
    """Return where a download goes, having seen that it can go there."""
    path = Path(text)
    if not path.parent.is_dir():
        raise WrongUsage(f"there is no folder {path.parent}")
    if path.exists() and not path.is_file():
        raise WrongUsage(f"{path} is not a file")
    return path


@files.command()
def upload(
    path: Annotated[Path, typer.Argument(metavar="PATH", exists=True, dir_okay=False, readable=True)],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Upload a CSV."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        _show(out, client.files.upload(path))


@files.command("list")
def list_files(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the files."""
    out = Output(as_json=as_json, quiet=quiet)
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
    """Show what is known of a file."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        _show(out, client.files.get(name))


@files.command()
def rows(
    name: Name,
    first: Annotated[int, typer.Option(min=1, help="First data row, from 1.")] = 1,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many rows.")] = 10,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show data rows."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        titles = [] if as_json else ["ROW", *(column.name for column in client.files.get(name).columns)]
        read = client.files.rows(name, first=first, count=count)
    if as_json:
        out.json([row.raw for row in read])
    else:
        out.rows(titles, ([row.number, *row.cells] for row in read))


@files.command()
def download(
    name: Name,
    output: Annotated[str, typer.Option("--output", "-o", metavar="OUT", help="Where to write it.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Download the original bytes, checked by length and digest."""
    out = Output(as_json=as_json, quiet=quiet)
    path = output_path(output)
    with logged_in() as client:
        written = client.files.download(name, path, sha256=client.files.get(name).sha256)
    if as_json:
        out.json({"output": str(path), "size_bytes": written})
    out.message(f"Wrote {path}: {written} bytes")


@files.command()
def rm(name: Name, yes: Yes = False, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Delete a file; finished jobs keep their results."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        asking.confirm(f"Delete {name}?", yes=yes)
        client.files.delete(name)
    if as_json:
        out.json({})
    out.message(f"Deleted {name}")


def _show(out: Output, file: File) -> None:
    fields = {
        "name": file.name,
        "file": file.display_name,
        "rows": file.row_count,
        "columns": ", ".join(clean(column.name) for column in file.columns),
        "bytes": file.size_bytes,
        "encoding": file.encoding,
        "delimiter": clean(file.delimiter),
        "sha256": file.sha256,
        "uploaded": when(file.create_time),
    }
    out.one(file, fields)
