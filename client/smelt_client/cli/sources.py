"""The file that a command works on: one that is uploaded already, or one on this machine."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from ..client import Client
from ..errors import ApiError, ServerFailed
from ..models import File
from .common import WrongUsage
from .mending import mended
from .names import found
from .printing import Output, clean

_UPLOADED = re.compile(r"files/[A-Za-z0-9_-]{1,64}|[a-z2-7]{6,26}")
STDIN = "-"
_AS_IT_IS: Mapping[str, Any] = {}


def check_source(text: str, read: Mapping[str, Any] = _AS_IT_IS) -> None:
    """Raise WrongUsage unless a text is a file on this machine, `-`, or may be an uploaded file.

    `read` are the options by which it is to be read: those of a file that is uploaded already stand.
    """
    if _is_here(text):
        return
    if not _UPLOADED.fullmatch(text):
        raise WrongUsage(f"there is no file {text} on this machine")
    if read:
        option = next(iter(read)).replace("_", "-")
        raise WrongUsage(
            f"--{option} is for a file on this machine; to read an uploaded one otherwise: "
            f"smelt files reparse {text}"
        )


@contextmanager
def on_server(client: Client, out: Output, text: str, read: Mapping[str, Any] = _AS_IT_IS) -> Iterator[str]:
    """Yield the name of a file on the server; one that is on this machine is uploaded, to be read so.

    What is asked about a file that cannot be read as it is, or was read by a guess, is asked here too.

    If the server refuses what the block asks of it, or the person leaves at a question, the upload is taken
    back.
    """
    if not _is_here(text):
        yield found(client, "files", text)
        return
    uploaded = mended(client, out, lambda: _upload(client, text, read), dict(read), instead_of=text)
    out.message(
        f"Uploaded {text}: {uploaded.row_count} rows, {len(uploaded.columns)} columns ({uploaded.name})"
    )
    if uploaded.sheet:
        others = other_sheets(uploaded)
        out.message(
            f"Its rows are those of the sheet {clean(uploaded.sheet)}."
            + (f" Other sheets: {others}; `--sheet` reads one of them." if others else "")
        )
    try:
        yield uploaded.name
    except (ApiError, typer.Abort) as error:
        # After a failure of the server, what was asked for may have begun.
        if not isinstance(error, ServerFailed):
            client.files.delete(uploaded)
            out.message(f"Deleted {uploaded.name}: nothing came of it")
        raise


@contextmanager
def on_server_meanwhile(client: Client, text: str) -> Iterator[str]:
    """Yield the name of a file on the server; an upload is deleted when the block ends."""
    if not _is_here(text):
        yield found(client, "files", text)
        return
    uploaded = _upload(client, text)
    try:
        yield uploaded.name
    finally:
        client.files.delete(uploaded)


def other_sheets(file: File) -> str:
    """Return the sheets of a workbook that were not read, for people; "" without any."""
    # No two sheets have one name.
    return ", ".join(
        f"{clean(sheet.name)} ({sheet.row_count} rows{', hidden' if sheet.hidden else ''})"
        for sheet in file.sheets
        if sheet.name != file.sheet
    )


def _is_here(text: str) -> bool:
    return text == STDIN or Path(text).is_file()


def _upload(client: Client, text: str, read: Mapping[str, Any] = _AS_IT_IS) -> File:
    with as_file(text) as source:
        return client.files.upload(source, filename="stdin.csv" if text == STDIN else source.name, **read)


@contextmanager
def as_file(text: str) -> Iterator[Path]:
    """Yield the path of a file; for `-`, of one that holds what came on stdin."""
    if text != STDIN:
        yield Path(text)
        return
    with tempfile.NamedTemporaryFile(prefix="smelt-", suffix=".csv") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield Path(file.name)
