"""AuditOperatorService on the wire: verifying the audit log, archiving months of it."""

from collections.abc import AsyncIterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from smelt.vault.v1 import audit_pb2, audit_pb2_grpc

from services.common.rpc.guard import check
from services.common.rpc.servicing import Context
from services.vault.audit.keeper import ArchiveFile, AuditKeeper, Lines, Summary
from services.vault.audit.verification import Finding


class AuditOperatorServicer(audit_pb2_grpc.AuditOperatorServiceServicer):
    """What operators do with the audit log."""

    def __init__(self, keeper: AuditKeeper) -> None:
        self._keeper = keeper

    async def VerifyAudit(
        self, request_iterator: AsyncIterator[audit_pb2.VerifyAuditRequest], context: Context
    ) -> AsyncIterator[audit_pb2.VerifyAuditResponse]:
        files: list[ArchiveFile] = []
        async for said in self._keeper.verify(_brought(request_iterator, files), files):
            if isinstance(said, Finding):
                finding = audit_pb2.AuditFinding(chain=said.chain, seq=said.seq, what=said.what)
                yield audit_pb2.VerifyAuditResponse(finding=finding)
            elif isinstance(said, Summary):
                summary = audit_pb2.AuditSummary(
                    records=said.records,
                    archived_records=said.archived_records,
                    checkpoints=said.checkpoints,
                    chains=said.chains,
                    findings=said.findings,
                )
                yield audit_pb2.VerifyAuditResponse(summary=summary)
            else:
                yield audit_pb2.VerifyAuditResponse(progress=said)

    async def ExportAuditMonth(
        self, request: audit_pb2.ExportAuditMonthRequest, context: Context
    ) -> AsyncIterator[audit_pb2.ExportAuditMonthResponse]:
        async for lines, count in self._keeper.export(request.month):
            yield audit_pb2.ExportAuditMonthResponse(lines=lines, count=count)

    async def DropAuditMonth(
        self, request: audit_pb2.DropAuditMonthRequest, context: Context
    ) -> audit_pb2.DropAuditMonthResponse:
        file = ArchiveFile(request.month, request.records, request.sha256)
        return audit_pb2.DropAuditMonthResponse(statement=await self._keeper.drop(file))

    async def GetCheckpointKeys(
        self, request: audit_pb2.GetCheckpointKeysRequest, context: Context
    ) -> audit_pb2.GetCheckpointKeysResponse:
        statements = self._keeper.files.statements
        keys: dict[str, Ed25519PublicKey] = dict(statements.keys.public())
        return audit_pb2.GetCheckpointKeysResponse(
            installation=statements.installation,
            current=statements.keys.current,
            keys={id_: key.public_bytes_raw() for id_, key in keys.items()},
        )


async def _brought(
    requests: AsyncIterator[audit_pb2.VerifyAuditRequest], files: list[ArchiveFile]
) -> AsyncIterator[Lines]:
    async for request in requests:
        check(request)
        files += [ArchiveFile(each.month, each.records, each.sha256) for each in request.archives]
        yield [
            (request.source, number, line) for number, line in enumerate(request.lines, request.first_line)
        ]
