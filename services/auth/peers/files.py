"""Files, as auth uses it: it stores the archives of data exports."""

from collections.abc import AsyncIterator

import grpc
from smelt.files.v1 import exports_pb2, exports_pb2_grpc

from services.auth.privacy.exports import Archive
from services.common import identity
from services.common.identity import ExportPermit
from services.common.rpc.errors import peer_errors
from services.common.rpc.request_streams import sent

#: An account's data can be many gigabytes. Shorter, and large exports never complete; longer, and one that
#: hangs keeps its claim for longer.
_EXPORT_SECONDS = 6 * 3600.0
_MESSAGE_BYTES = 1024 * 1024


class FilesArchives:
    """Writes archives."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = exports_pb2_grpc.ExportStoreServiceStub(channel)

    async def write(self, permit: ExportPermit, fence: int, pieces: AsyncIterator[bytes]) -> Archive:
        async def requests() -> AsyncIterator[exports_pb2.WriteDataExportRequest]:
            yield exports_pb2.WriteDataExportRequest(fence=fence)
            async for piece in pieces:
                for start in range(0, len(piece), _MESSAGE_BYTES):
                    yield exports_pb2.WriteDataExportRequest(data=piece[start : start + _MESSAGE_BYTES])

        async with peer_errors(), sent(requests()) as messages:
            stored = await self._stub.WriteDataExport(
                messages, metadata=identity.metadata(permit), timeout=_EXPORT_SECONDS
            )
        return Archive(stored.size_bytes, stored.sha256)
