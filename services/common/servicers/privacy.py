"""PrivacyService: the same contract in every service that stores personal data."""

from collections.abc import AsyncIterator

from smelt.privacy.v1 import privacy_pb2, privacy_pb2_grpc

from services.common import identity
from services.common.privacy import AccountPart, ArchiveEntry
from services.common.rpc.servicing import Context

#: Pieces are joined and cut to messages of this size. Smaller messages cost more calls of the event loop for
#: each byte; larger ones must stay below the contract's 1 MiB.
_MESSAGE_BYTES = 256 * 1024


class PrivacyServicer(privacy_pb2_grpc.PrivacyServiceServicer):
    """Exports and erases one service's part of an account."""

    def __init__(self, part: AccountPart) -> None:
        self._part = part

    async def ExportPart(
        self, request: privacy_pb2.ExportPartRequest, context: Context
    ) -> AsyncIterator[privacy_pb2.ExportPartResponse]:
        waiting = bytearray()
        async for piece in self._part.export(identity.export_permit()):
            if isinstance(piece, ArchiveEntry):
                if waiting:
                    yield privacy_pb2.ExportPartResponse(data=bytes(waiting))
                    waiting.clear()
                yield privacy_pb2.ExportPartResponse(path=piece.path)
                continue
            waiting += piece
            while len(waiting) >= _MESSAGE_BYTES:
                yield privacy_pb2.ExportPartResponse(data=bytes(waiting[:_MESSAGE_BYTES]))
                del waiting[:_MESSAGE_BYTES]
        if waiting:
            yield privacy_pb2.ExportPartResponse(data=bytes(waiting))

    async def ErasePart(
        self, request: privacy_pb2.ErasePartRequest, context: Context
    ) -> privacy_pb2.ErasePartResponse:
        return privacy_pb2.ErasePartResponse(done=await self._part.erase(identity.erasure_permit().account))
