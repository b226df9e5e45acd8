"""The other services as auth knows them: each holds a part of what there is of a person."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import grpc
from smelt.files.v1 import exports_pb2, exports_pb2_grpc
from smelt.privacy.v1 import privacy_pb2, privacy_pb2_grpc
from smelt.vault.v1 import audit_pb2, audit_pb2_grpc, erasure_pb2, erasure_pb2_grpc

from services.auth.audit_events import AuditEvent
from services.auth.data_exports import Archive
from services.common import identity
from services.common.grpc_errors import peer_errors
from services.common.identity import ErasurePermit, ExportPermit
from services.common.privacy import Entry, Piece

#: One call removes for some seconds.
_ERASE_SECONDS = 30.0
#: Everything of an account may be many gigabytes.
_EXPORT_SECONDS = 6 * 3600.0
_LIST_SECONDS = 10.0
_MESSAGE_BYTES = 1024 * 1024


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

    async def export(self, permit: ExportPermit) -> AsyncIterator[Piece]:
        async with peer_errors():
            call = self._stub.ExportPart(
                privacy_pb2.ExportPartRequest(), metadata=identity.metadata(permit), timeout=_EXPORT_SECONDS
            )
            try:
                async for piece in call:
                    yield Entry(piece.path) if piece.WhichOneof("piece") == "path" else piece.data
            finally:
                call.cancel()


class VaultErasure:
    """The vault, as the one who destroys an account's key."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = erasure_pb2_grpc.ErasureServiceStub(channel)

    async def destroy_account_key(self, account: str) -> None:
        async with peer_errors():
            await self._stub.DestroyAccountKey(
                erasure_pb2.DestroyAccountKeyRequest(account=account), timeout=_ERASE_SECONDS
            )


class FilesArchives:
    """Files, as the one who keeps archives."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = exports_pb2_grpc.ExportStoreServiceStub(channel)

    async def write(self, permit: ExportPermit, fence: int, pieces: AsyncIterator[bytes]) -> Archive:
        async def requests() -> AsyncIterator[exports_pb2.WriteDataExportRequest]:
            yield exports_pb2.WriteDataExportRequest(fence=fence)
            async for piece in pieces:
                for start in range(0, len(piece), _MESSAGE_BYTES):
                    yield exports_pb2.WriteDataExportRequest(data=piece[start : start + _MESSAGE_BYTES])

        async with peer_errors():
            stored = await self._stub.WriteDataExport(
                requests(), metadata=identity.metadata(permit), timeout=_EXPORT_SECONDS
            )
        return Archive(stored.size_bytes, stored.sha256)


class VaultEvents:
    """The vault, as the one who keeps the audit log of keys."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = audit_pb2_grpc.AuditServiceStub(channel)

    async def page(self, account: str, *, before: datetime | None, count: int) -> Sequence[AuditEvent]:
        request = audit_pb2.ListEventsRequest(account=account, end_time=before, page_size=count)
        async with peer_errors():
            answer = await self._stub.ListEvents(request, timeout=_LIST_SECONDS)
        return [
            AuditEvent(
                # Its place in the log, in letters that a name may have.
                id=f"vault-{event.id.replace('/', '-')}",
                time=event.time.ToDatetime(UTC),
                action=event.action,
                outcome=event.outcome,
                object=event.object,
                details=dict(event.details),
            )
            for event in answer.events
        ]
