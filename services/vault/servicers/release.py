"""KeyReleaseService on the wire."""

import asyncio
from collections.abc import AsyncIterator

from smelt.vault.v1 import release_pb2, release_pb2_grpc

from services.common import identity
from services.common.clock import Now
from services.common.errors import DomainError, InvalidRequest
from services.common.rpc.servicing import Context
from services.common.tokens import TokenVerifier
from services.vault.audit.actions import Action
from services.vault.audit.chain import Event
from services.vault.audit.refusals import Refusals
from services.vault.audit.writer import AuditWriter
from services.vault.grants.rules import Revocations, may_revoke
from services.vault.keys.grant_seal import GrantSeal
from services.vault.release.batch import ReleaseRequest, Verdict
from services.vault.servicers.release_stream import ReleaseStream


class KeyReleaseServicer(release_pb2_grpc.KeyReleaseServiceServicer):
    """The only way a stored key leaves the vault."""

    def __init__(
        self,
        *,
        writer: AuditWriter[ReleaseRequest, Verdict],
        verifier: TokenVerifier,
        grants: Revocations,
        seal: GrantSeal,
        refusals: Refusals,
        now: Now,
    ) -> None:
        self._writer = writer
        self._verifier = verifier
        self._grants = grants
        self._seal = seal
        self._refusals = refusals
        self._now = now

    async def ReleaseApiKeys(
        self, request_iterator: AsyncIterator[release_pb2.ReleaseApiKeysRequest], context: Context
    ) -> AsyncIterator[release_pb2.ReleaseApiKeysResponse]:
        stream = ReleaseStream(
            identity.current_call().caller,
            writer=self._writer,
            verifier=self._verifier,
            limiter=self._refusals.limiter,
            now=self._now,
        )
        reading = asyncio.ensure_future(stream.read(request_iterator))
        try:
            async for answer in stream.answers():
                yield answer
            await reading
        finally:
            reading.cancel()

    async def OpenGrant(
        self, request: release_pb2.OpenGrantRequest, context: Context
    ) -> release_pb2.OpenGrantResponse:
        return release_pb2.OpenGrantResponse(grant=self._seal.open(request.sealed_grant))

    async def RevokeGrant(
        self, request: release_pb2.RevokeGrantRequest, context: Context
    ) -> release_pb2.RevokeGrantResponse:
        proof, caller = identity.proof(context), identity.current_call().caller
        if not (proof.account.isalnum() and request.grant_id.isalnum()):
            raise InvalidRequest(violations=[("grant_id", "must be an id")])
        try:
            may_revoke(proof, request.grant_id)
        except DomainError as error:
            self._refusals.refused(
                error, account=proof.account, object="", action=Action.REVOKE_GRANT, caller=caller
            )
            raise
        await self._grants.revoke(proof.account, request.grant_id)
        await self._writer.record(
            Event(proof.account, "", Action.REVOKE_GRANT, "ok", {"caller": caller, "grant": request.grant_id})
        )
        return release_pb2.RevokeGrantResponse()
