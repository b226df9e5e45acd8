"""The other services, as auth uses them: each holds a part of a person's data."""

from collections.abc import AsyncIterator

import grpc
from smelt.privacy.v1 import privacy_pb2, privacy_pb2_grpc

from services.common import identity
from services.common.identity import ErasurePermit, ExportPermit
from services.common.privacy import ArchiveEntry, ArchivePiece
from services.common.rpc.errors import peer_errors

#: A service removes rows for a few seconds per call. Much shorter would cut off calls that still make
#: progress.
_ERASE_SECONDS = 30.0
#: An account's data can be many gigabytes; shorter, and large exports never complete.
_EXPORT_SECONDS = 6 * 3600.0


class PrivacyHolder:
    """One service that holds personal data."""

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
