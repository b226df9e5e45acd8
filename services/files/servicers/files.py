"""FileService: what people do with their files."""

import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Protocol

from smelt.files.v1 import files_pb2, files_pb2_grpc

from services.common import identity, paging
from services.common.ids import parse_name
from services.common.networks import network_of
from services.common.rpc import downloads
from services.common.rpc.guard import check
from services.common.rpc.servicing import CREATED, Context
from services.files.errors import FileNoDataRows
from services.files.library.byte_range import Wanted
from services.files.library.form_body import body_of
from services.files.library.library import Download, Library, etag
from services.files.library.refused_uploads import UploadRefused
from services.files.library.reparses import Reparses
from services.files.library.row_reader import RowRange
from services.files.library.stored_file import NumberedRow, StoredFile
from services.files.library.uploads import Upload, Uploads
from services.files.objects.sealed import Join
from services.files.servicers.downloads import Headers, after_headers, headers_of
from services.files.servicers.formats import file_to_proto, opened_to_proto, requested_of
from services.files.servicers.offers import with_offers
from services.files.servicers.profile import profile_to_proto

_DEFAULT_ROWS = 50
_LENGTH = re.compile("[0-9]{1,18}")
_CSV = "text/csv"
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WORKBOOK_WITH_MACROS = "application/vnd.ms-excel.sheet.macroEnabled.12"


class Retention(Protocol):
    """Retention periods in days; 0 means no limit."""

    installation_days: int

    async def days(self, account: str) -> int: ...

    async def set_days(self, account: str, days: int) -> None: ...


class FileServicer(files_pb2_grpc.FileServiceServicer):
    """Files of the calling person."""

    def __init__(self, library: Library, uploads: Uploads, reparses: Reparses, retention: Retention) -> None:
        self._library = library
        self._uploads = uploads
        self._reparses = reparses
        self._retention = retention

    async def UploadFile(
        self, requests: AsyncIterator[files_pb2.UploadFileRequest], context: Context
    ) -> files_pb2.File:
        person = identity.passport(context)
        first = await anext(requests, None)
        if first is None:
            raise FileNoDataRows
        check(first)
        upload = Upload(
            filename=first.filename,
            body=body_of(first.content.content_type),
            idempotency_key=identity.current_call().idempotency_key,
            requested=requested_of(first),
            network=network_of(identity.current_call().client_address),
            announced_bytes=_announced(context),
        )
        try:
            stored = await self._uploads.receive(person, _data(first, requests), upload)
        except UploadRefused as refused:
            raise with_offers(refused) from None
        await context.send_initial_metadata(CREATED)
        return opened_to_proto(stored)

    async def ReparseFile(self, request: files_pb2.ReparseFileRequest, context: Context) -> files_pb2.File:
        try:
            opened = await self._reparses.reparse(
                identity.passport(context), parse_name("files", request.name), requested_of(request)
            )
        except UploadRefused as refused:
            raise with_offers(refused) from None
        return opened_to_proto(opened)

    async def ListFiles(
        self, request: files_pb2.ListFilesRequest, context: Context
    ) -> files_pb2.ListFilesResponse:
        page, token = await paging.page(
            request, partial(self._library.page, identity.passport(context)), show=file_to_proto
        )
        return files_pb2.ListFilesResponse(files=page, next_page_token=token)

    async def GetFile(self, request: files_pb2.GetFileRequest, context: Context) -> files_pb2.File:
        opened = await self._library.get(identity.passport(context), parse_name("files", request.name))
        return opened_to_proto(opened)

    async def GetFileProfile(
        self, request: files_pb2.GetFileProfileRequest, context: Context
    ) -> files_pb2.FileProfile:
        name = request.name.removesuffix("/profile")
        return profile_to_proto(
            *await self._library.profile(identity.passport(context), parse_name("files", name))
        )

    async def GetFileSettings(
        self, request: files_pb2.GetFileSettingsRequest, context: Context
    ) -> files_pb2.FileSettings:
        return await self._settings(identity.passport(context).account)

    async def UpdateFileSettings(
        self, request: files_pb2.UpdateFileSettingsRequest, context: Context
    ) -> files_pb2.FileSettings:
        account = identity.passport(context).account
        await self._retention.set_days(account, request.retention_days)
        return await self._settings(account)

    async def _settings(self, account: str) -> files_pb2.FileSettings:
        return files_pb2.FileSettings(
            name="fileSettings",
            retention_days=await self._retention.days(account),
            installation_retention_days=self._retention.installation_days,
        )

    async def DeleteFile(
        self, request: files_pb2.DeleteFileRequest, context: Context
    ) -> files_pb2.DeleteFileResponse:
        await self._library.delete(identity.passport(context), parse_name("files", request.name))
        return files_pb2.DeleteFileResponse()

    async def ListFileRows(
        self, request: files_pb2.ListFileRowsRequest, context: Context
    ) -> files_pb2.ListFileRowsResponse:
        wanted = RowRange(request.first or 1, request.count or _DEFAULT_ROWS)
        found = self._library.read_rows(
            identity.passport(context),
            parse_name("files", request.parent),
            wanted,
            parse=None,
            batch_rows=wanted.count,
        )
        # One batch is as much as one response may contain.
        async for batch in found:
            return files_pb2.ListFileRowsResponse(rows=map(row_to_proto, batch))
        return files_pb2.ListFileRowsResponse()

    async def DownloadFile(
        self, request: files_pb2.DownloadFileRequest, context: Context
    ) -> AsyncIterator[bytes]:
        download = await self._library.download(
            identity.passport(context), parse_name("files", request.name), _wanted(context), join_of=_messages
        )
        async for message in after_headers(context, _headers(download), download.pieces):
            yield message


def _messages(file: StoredFile) -> Join:
    kind = _CSV
    if file.parse.dialect.sheet:
        kind = _WORKBOOK_WITH_MACROS if file.display_name.lower().endswith(".xlsm") else _WORKBOOK
    return partial(downloads.body, kind)


async def _data(
    first: files_pb2.UploadFileRequest, rest: AsyncIterator[files_pb2.UploadFileRequest]
) -> AsyncIterator[bytes]:
    yield first.content.data
    async for request in rest:
        yield request.content.data


def _announced(context: Context) -> int:
    said = dict(context.invocation_metadata() or ()).get("x-smelt-content-length", "")
    return int(said) if isinstance(said, str) and _LENGTH.fullmatch(said) else 0


def _wanted(context: Context) -> Wanted:
    said = {key: str(value) for key, value in context.invocation_metadata() or ()}
    return Wanted(said.get("range", ""), said.get("if-range", ""))


def _headers(download: Download) -> Headers:
    file, span = download.file, download.span
    part = (
        ("x-http-status", "206"),
        ("content-range", f"bytes {span.start}-{span.stop - 1}/{span.size}"),
    )
    return (
        *headers_of(file.object, file.display_name, length=span.length),
        ("accept-ranges", "bytes"),
        ("etag", etag(file)),
        *(() if span.is_whole else part),
    )


def row_to_proto(row: NumberedRow) -> files_pb2.Row:
    """Return the contract's form of a row."""
    return files_pb2.Row(number=row.number, cells=row.cells)
