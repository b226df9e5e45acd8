"""CSV files: up, to look at, and down again byte for byte."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from .call import (
    AsyncResource,
    Call,
    Resource,
    async_paging,
    awaiting,
    blocking,
    deleting,
    getting,
    given,
    listing,
    named,
    nothing,
    paging,
    reading,
)
from .models import File, FileProfile, FileRow, FileSettings, Page, page_of
from .transfers import FileContent, Progress


def upload_file(
    path: str | PathLike[str],
    *,
    filename: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    progress: Progress | None = None,
    idempotency_key: str | None = None,
) -> Call[File]:
    """Upload a CSV, piece by piece. `filename` is the name to keep, else the path's own.

    Encoding and delimiter are detected unless they are given. `progress` is told how many bytes are sent.
    """
    source = Path(path)
    return Call(
        "POST",
        "/v1/files:upload",
        reading(File),
        params={
            "filename": source.name if filename is None else filename,
            **given(encoding=encoding, delimiter=delimiter),
        },
        content=FileContent(source, progress),
        creates=True,
        idempotency_key=idempotency_key,
    )


def reparse_file(name: str, *, encoding: str | None = None, delimiter: str | None = None) -> Call[File]:
    """Read a stored file anew; what is not given is detected. Jobs keep the parse they started with."""
    return Call(
        "POST",
        f"/v1/{named('files', name)}:reparse",
        reading(File),
        body=given(encoding=encoding, delimiter=delimiter),
        repeatable=True,
        slow=True,
    )


def list_files(*, page_size: int | None = None) -> Call[Page[File]]:
    """Go through all files."""
    return listing(File, "files", "files", page_size=page_size)


def get_file(name: str) -> Call[File]:
    """Return what is known of a file."""
    return getting(File, "files", name)


def profile_file(name: str) -> Call[FileProfile]:
    """Return what a file's data is like: types, completeness and duplicates of columns, and a score."""
    return Call("GET", f"/v1/{named('files', name)}/profile", reading(FileProfile))


def get_settings() -> Call[FileSettings]:
    """Return how long files are kept."""
    return Call("GET", "/v1/fileSettings", reading(FileSettings))


def update_settings(*, retention_days: int) -> Call[FileSettings]:
    """Let the account's files be removed after so many days; 0 leaves that to the installation."""
    return Call(
        "PATCH",
        "/v1/fileSettings",
        reading(FileSettings),
        body={"retention_days": retention_days},
    )


def delete_file(name: str) -> Call[None]:
    """Delete a file; finished jobs keep their results."""
    return deleting("files", name)


def list_rows(name: str, *, first: int = 1, count: int = 10) -> Call[tuple[FileRow, ...]]:
    """Return up to `count` data rows, beginning with the row `first`, from 1."""
    page = page_of(FileRow, "rows")
    path = f"/v1/{named('files', name)}/rows"
    return Call("GET", path, lambda data: page(data).items, params={"first": first, "count": count})


def download_file(name: str) -> Call[Any]:
    """Ask for the original bytes of a file."""
    return Call("GET", f"/v1/{named('files', name)}:download", nothing)


class Files(Resource):
    """Files."""

    upload = blocking(upload_file)
    reparse = blocking(reparse_file)
    list = paging(list_files)
    get = blocking(get_file)
    profile = blocking(profile_file)
    delete = blocking(delete_file)
    settings = blocking(get_settings)
    update_settings = blocking(update_settings)
    rows = blocking(list_rows)

    def download(self, name: str, path: str | PathLike[str], *, sha256: str = "") -> int:
        """Write the original bytes to `path` once they are whole; return how many."""
        return self._sender.receive(download_file(name), Path(path), sha256=sha256)


class AsyncFiles(AsyncResource):
    """Files."""

    upload = awaiting(upload_file)
    reparse = awaiting(reparse_file)
    list = async_paging(list_files)
    get = awaiting(get_file)
    profile = awaiting(profile_file)
    delete = awaiting(delete_file)
    settings = awaiting(get_settings)
    update_settings = awaiting(update_settings)
    rows = awaiting(list_rows)

    async def download(self, name: str, path: str | PathLike[str], *, sha256: str = "") -> int:
        """Write the original bytes to `path` once they are whole; return how many."""
        return await self._sender.receive(download_file(name), Path(path), sha256=sha256)
