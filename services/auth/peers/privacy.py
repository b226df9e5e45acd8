"""The other services as auth knows them: each holds a part of what there is of a person."""

from collections.abc import AsyncIterator

import grpc
from smelt.privacy.v1 import privacy_pb2, privacy_pb2_grpc

from services.common import identity
from services.common.identity import ErasurePermit, ExportPermit
from services.common.privacy import ArchiveEntry, ArchivePiece
from services.common.rpc.errors import peer_errors

#: One call removes for some seconds.
_ERASE_SECONDS = 30.0
#: Everything of an account may be many gigabytes.
_EXPORT_SECONDS = 6 * 3600.0


class PrivacyHolder:
    """One service's part."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = privacy_pb2_grpc.PrivacyServiceStub(channel)

    async def erase(self, permit: ErasurePermit) -> bool:
        async with peer_errors():
            answer = await self._stub.ErasePart(
                privacy_pb2.ErasePartRequest(), metadata=identity.metadata(permit), timeout=_ERASE_SECONDS
            )
        return bool(answer.done)

    async def export(self, permit: ExportPermit) -> AsyncIterator[ArchivePiece]:
        async with peer_errors():
            call = self._stub.ExportPart(
                privacy_pb2.ExportPartRequest(), metadata=identity.metadata(permit), timeout=_EXPORT_SECONDS
            )
            try:
                async for piece in call:
                    yield ArchiveEntry(piece.path) if piece.WhichOneof("piece") == "path" else piece.data
            finally:
                call.cancel()
