"""KeyReleaseService of the stand-in."""

import hashlib
import re
import time
from collections.abc import AsyncIterator

from smelt.vault.v1 import api_keys_pb2, release_pb2, release_pb2_grpc

from services.common import identity
from services.common.errors import InvalidRequest, Unauthenticated
from services.common.identity import JobGrant, grant_from
from services.common.rpc.errors import status_of
from services.common.rpc.servicing import Context
from services.common.tokens import Kind, TokenExpired
from tests.support.vault.known import RELEASE, ApiKey, Known
from tests.support.vault.refusals import Refused

Ask = release_pb2.ApiKeyAsk | release_pb2.ReleaseApiKeysRequest
_KEY_NAME = re.compile(r"apiKeys/[a-z0-9]{1,64}\Z")
_ATTEMPTS = 3
_TAKEOVERS = 8
_CALLS_IN_FLIGHT = 1000


class KeyRelease(release_pb2_grpc.KeyReleaseServiceServicer):
    """Gives out a key once for each use that a grant covers."""

    def __init__(self, known: Known) -> None:
        self._known = known

    async def ReleaseApiKeys(
        self, request_iterator: AsyncIterator[release_pb2.ReleaseApiKeysRequest], context: Context
    ) -> AsyncIterator[release_pb2.ReleaseApiKeysResponse]:
        shown: dict[bytes, JobGrant] = {}
        async for request in request_iterator:
            message = release_pb2.ReleaseApiKeysResponse()
            for ask in request.asks:
                said = await self._said(shown, ask)
                answer = message.answers.add(id=ask.id)
                if isinstance(said, Refused):
                    answer.refused.CopyFrom(status_of(said))
                else:
                    answer.key = len(message.keys)
                    message.keys.append(said)
            if not request.asks:
                said, message.id = await self._said(shown, request), request.id
                if isinstance(said, Refused):
                    message.refused.CopyFrom(status_of(said))
                else:
                    message.released.CopyFrom(said)
            yield message

    async def _said(self, shown: dict[bytes, JobGrant], ask: Ask) -> release_pb2.ReleasedApiKey | Refused:
        try:
            grant = shown.get(ask.grant_sha256)
            if grant is None:
                grant = shown[ask.grant_sha256] = await self._shown(ask)
            key = self._released(grant, ask)
        except Refused as error:
            return error
        return release_pb2.ReleasedApiKey(
            secret=key.secret.encode(),
            base_url=key.base_url,
            kind=getattr(api_keys_pb2.ApiKey, key.kind),
            timeout_seconds=key.timeout_seconds,
        )

    async def RevokeGrant(
        self, request: release_pb2.RevokeGrantRequest, context: Context
    ) -> release_pb2.RevokeGrantResponse:
        proof = identity.proof()
        if not request.grant_id.isalnum():
            raise InvalidRequest(violations=[("grant_id", "must be an id")])
        if isinstance(proof, JobGrant) and proof.id != request.grant_id:
            raise Refused("GRANT_INVALID")
        self._known.grants.revoked.add((proof.account, request.grant_id))
        caller = identity.current_call().caller
        self._known.record(proof.account, "", "revoke-grant", caller=caller, grant=request.grant_id)
        return release_pb2.RevokeGrantResponse()

    async def OpenGrant(
        self, request: release_pb2.OpenGrantRequest, context: Context
    ) -> release_pb2.OpenGrantResponse:
        if (token := self._known.grants.sealed.get(request.sealed_grant)) is None:
            raise Refused("GRANT_INVALID")
        return release_pb2.OpenGrantResponse(grant=token)

    async def _shown(self, ask: Ask) -> JobGrant:
        token = ask.grant
        if hashlib.sha256(token.encode()).digest() != ask.grant_sha256:
            raise Refused("GRANT_INVALID")
        try:
            grant = grant_from(await self._known.tokens.verifier.verify(Kind.GRANT, token), token)
        except TokenExpired:
            raise Refused("GRANT_EXPIRED") from None
        except Unauthenticated:
            raise Refused("GRANT_INVALID") from None
        if not _KEY_NAME.match(grant.api_key) or not f"{grant.id}{grant.account}{grant.job}".isprintable():
            raise Refused("GRANT_INVALID")
        return grant

    def _released(self, grant: JobGrant, use: Ask) -> ApiKey:
        if time.time() >= grant.expires.timestamp():
            raise Refused("GRANT_EXPIRED")
        one_call = grant.purpose == "key-test"
        first, last = (1, 1) if one_call else (max(1, grant.first_row), grant.last_row)
        templates = 1 if one_call else grant.template_count
        if not (first <= use.row <= last and 0 <= use.template < templates and use.claim >= 0 < use.attempt):
            raise Refused("GRANT_INVALID")
        self._known.check(RELEASE)
        grants, named = self._known.grants, (grant.account, grant.id)
        if grants.is_over(named):
            raise Refused("GRANT_REVOKED")
        key = self._known.api_key(grant.account, grant.api_key)
        if key is None:
            raise Refused("API_KEY_DELETED")
        this = (*named, use.row, use.template, use.claim, use.attempt)
        if this in grants.uses:
            raise Refused("RELEASE_REPLAYED")
        calls = (last - first + 1) * templates
        most = calls * _ATTEMPTS + _TAKEOVERS * min(calls, _CALLS_IN_FLIGHT)
        if grant.economy:
            most += 360 * templates * -(-(last - first + 1) // 10_000)
        if grants.released[named] >= min(grant.release_budget, most):
            raise Refused("GRANT_EXHAUSTED")
        grants.released[named] += 1
        grants.uses.add(this)
        return key
