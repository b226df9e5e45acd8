"""CSV files and workbooks: upload them, inspect them, and download them byte for byte."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from .call import Call, ResourceName, deleting, getting, given, listing, named, nothing, reading
from .errors import ApiError
from .methods import AsyncResource, Resource, async_paging, awaiting, blocking, paging
from .models import File, FileProfile, FileRow, FileSettings, Page, RefusedFile, page_of, parse
from .tables import Source, csv_of, is_table
from .transfers import FileContent, Progress

_REFUSED = "smelt.files.v1.RefusedFile"


def upload_file(
    source: Source,
    *,
    filename: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    skip_rows: int | None = None,
    skip_last_rows: int | None = None,
    duplicate_names: str | None = None,
    sheet: str | None = None,
    progress: Progress | None = None,
    idempotency_key: str | None = None,
) -> Call[File]:
    """Upload a CSV or a workbook, piece by piece, or a list of dicts or a data frame as a CSV.

    `filename` is its display name; it defaults to the path's own, or to `table.csv`.

    Encoding and delimiter are detected unless given; the delimiter `none` makes each line a cell. Of a
    workbook, the first sheet that is visible and not empty is read unless `sheet` names another. Lines
    before the header and rows at the end are skipped as told; `duplicate_names="number"` numbers repeated
    names. `progress` is called with the number of bytes sent.

    If the file is refused, `refused_file(error)` says how it can be read.
    """
    content: Path | bytes
    if is_table(source):
        # What is written here need not be detected there.
        content, encoding, delimiter = csv_of(source), "utf-8", ","  # type: ignore[arg-type]
        name = "table.csv"
    else:
        content = Path(source)  # type: ignore[arg-type]  # what is no table is a path
        name = content.name
    return Call(
        "POST",
        "/v1/files:upload",
        reading(File),
        params={
            "filename": name if filename is None else filename,
            **given(
                encoding=encoding,
                delimiter=delimiter,
                skip_rows=skip_rows,
                skip_last_rows=skip_last_rows,
                duplicate_names=duplicate_names,
                sheet=sheet,
            ),
        },
        content=FileContent(content, progress),
        creates=True,
        idempotency_key=idempotency_key,
    )


def reparse_file(
    name: ResourceName,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    skip_rows: int | None = None,
    skip_last_rows: int | None = None,
    duplicate_names: str | None = None,
    sheet: str | None = None,
) -> Call[File]:
    """Read a stored file again, or make a file of a refused one; the arguments are those of an upload.

    Jobs keep the parse they started with.
    """
    return Call(
        "POST",
        f"/v1/{named('files', name)}:reparse",
        reading(File),
        body=given(
            encoding=encoding,
            delimiter=delimiter,
            skip_rows=skip_rows,
            skip_last_rows=skip_last_rows,
            duplicate_names=duplicate_names,
            sheet=sheet,
        ),
        repeatable=True,
        slow=True,
    )


def refused_file(error: ApiError) -> RefusedFile | None:
    """Return what the refusal of an upload or a reparse says of the file; None if it says nothing."""
    for detail in error.details:
        if str(detail.get("@type", "")).endswith(_REFUSED):
            return parse(RefusedFile, detail)
    return None


def list_files(*, page_size: int | None = None) -> Call[Page[File]]:
    """Iterate over all files."""
    return listing(File, "files", "files", page_size=page_size)


def get_file(name: ResourceName) -> Call[File]:
    """Return a file's details."""
    return getting(File, "files", name)


def profile_file(name: ResourceName) -> Call[FileProfile]:
    """Return a file's profile: the type, completeness and duplicates of each column, and a quality score."""
    return Call("GET", f"/v1/{named('files', name)}/profile", reading(FileProfile))


def get_settings() -> Call[FileSettings]:
    """Return how long files are kept."""
    return Call("GET", "/v1/fileSettings", reading(FileSettings))


def update_settings(*, retention_days: int) -> Call[FileSettings]:
    """Remove the account's files after this number of days; 0 leaves it to the installation."""
    return Call(
        "PATCH",
        "/v1/fileSettings",
        reading(FileSettings),
        body={"retention_days": retention_days},
    )


def delete_file(name: ResourceName) -> Call[None]:
    """Delete a file. Finished jobs keep their results."""
    return deleting("files", name)


def list_rows(name: ResourceName, *, first: int = 1, count: int = 10) -> Call[tuple[FileRow, ...]]:
    """Return up to `count` data rows, starting at row `first`, counted from 1."""
    page = page_of(FileRow, "rows")
    path = f"/v1/{named('files', name)}/rows"
    return Call("GET", path, lambda data: page(data).items, params={"first": first, "count": count})


def download_file(name: ResourceName) -> Call[Any]:
    """Request the original bytes of a file."""
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

    def download(self, name: ResourceName, path: str | PathLike[str], *, sha256: str = "") -> int:
        """Download the original bytes to `path`, written only if they are whole; return their number."""
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

    async def download(self, name: ResourceName, path: str | PathLike[str], *, sha256: str = "") -> int:
        """Download the original bytes to `path`, written only if they are whole; return their number."""
        return await self._sender.receive(download_file(name), Path(path), sha256=sha256)
