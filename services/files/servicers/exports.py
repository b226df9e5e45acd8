"""ExportFileService and ExportStoreService: archives, downloaded by their owners and written by auth."""

from collections.abc import AsyncIterator

from smelt.files.v1 import exports_pb2, exports_pb2_grpc

from services.common import identity
from services.common.errors import InvalidRequest
from services.common.rpc import downloads
from services.common.rpc.guard import check
from services.common.rpc.servicing import Context
from services.files.exports.exports import Exports, StoredExport
from services.files.servicers.downloads import Headers, after_headers, headers_of

_ZIP = "application/zip"


class ExportFileServicer(exports_pb2_grpc.ExportFileServiceServicer):
    """Archives of the calling person."""

    def __init__(self, exports: Exports) -> None:
        self._exports = exports

    async def DownloadDataExport(
        self, request: exports_pb2.DownloadDataExportRequest, context: Context
    ) -> AsyncIterator[bytes]:
        export, pieces = await self._exports.read(identity.passport(context), request.name)
        messages = (downloads.body(_ZIP, piece) async for piece in pieces)
        async for message in after_headers(context, _headers(export), messages):
            yield message


class ExportStoreServicer(exports_pb2_grpc.ExportStoreServiceServicer):
    """Stores the archives that auth writes."""

    def __init__(self, exports: Exports) -> None:
        self._exports = exports

    async def WriteDataExport(
        self, requests: AsyncIterator[exports_pb2.WriteDataExportRequest], context: Context
    ) -> exports_pb2.WriteDataExportResponse:
        first = await anext(requests, None)
        if first is None or first.WhichOneof("piece") != "fence":
            raise InvalidRequest(violations=[("fence", "must come first")])
        check(first)
        stored = await self._exports.write(identity.export_permit(), first.fence, _data(requests))
        return exports_pb2.WriteDataExportResponse(size_bytes=stored.object.size, sha256=stored.object.sha256)


async def _data(requests: AsyncIterator[exports_pb2.WriteDataExportRequest]) -> AsyncIterator[bytes]:
    async for request in requests:
        if request.WhichOneof("piece") != "data":
            raise InvalidRequest(violations=[("data", "must follow the fence")])
        yield request.data


def _headers(export: StoredExport) -> Headers:
    headers = headers_of(export.object, "smelt-export.zip", length=export.object.size)
    return (*headers, ("cache-control", "no-store"))
