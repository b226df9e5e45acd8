"""One worker's stream of releases: each grant is shown once, and answers come in the order of decision."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator
from functools import partial

from smelt.vault.v1 import api_keys_pb2, release_pb2

from services.common.clock import Now
from services.common.errors import DomainError, Unauthenticated
from services.common.identity import JobGrant, grant_from
from services.common.rpc.errors import status_of
from services.common.tokens import Kind, TokenExpired, TokenVerifier
from services.vault.audit.refusals import RefusalLimiter
from services.vault.audit.writer import AuditWriter
from services.vault.grants import rules
from services.vault.grants.rules import GrantExpired, GrantInvalid, Use
from services.vault.release.batch import Released, ReleaseRequest, Verdict

#: After this a stream takes no more messages, and its worker opens another one. Longer, and workers stay on
#: one replica for long; shorter, and they reconnect for nothing.
STREAM_SECONDS = 600.0
_MOST_IN_FLIGHT = 1024
_MOST_GRANTS = 1024
_DEFAULT_TIMEOUT_MS = 5000


class ReleaseStream:
    """Reads requests and gives answers until the worker ends the stream, or for STREAM_SECONDS."""

    def __init__(
        self,
        caller: str,
        *,
        writer: AuditWriter[ReleaseRequest, Verdict],
        verifier: TokenVerifier,
        limiter: RefusalLimiter,
        now: Now,
    ) -> None:
        self._caller = caller
        self._writer = writer
        self._verifier = verifier
        self._limiter = limiter
        self._now = now
        self._grants: dict[bytes, JobGrant | DomainError] = {}
        self._answers: deque[release_pb2.ReleaseApiKeysResponse] = deque()
        self._in_flight = 0
        self._reading = True
        self._changed = asyncio.Event()
        self._room = asyncio.Event()

    async def read(self, requests: AsyncIterator[release_pb2.ReleaseApiKeysRequest]) -> None:
        """Read messages; return when there are no more."""
        try:
            async with asyncio.timeout(STREAM_SECONDS):
                async for request in requests:
                    while self._in_flight >= _MOST_IN_FLIGHT:
                        self._room.clear()
                        await self._room.wait()
                    await self._submit(request)
        except TimeoutError:
            pass
        finally:
            self._reading = False
            self._changed.set()

    async def answers(self) -> AsyncIterator[release_pb2.ReleaseApiKeysResponse]:
        """Yield each answer as it comes, until every message is answered and no more are read."""
        while True:
            while self._answers:
                yield self._answers.popleft()
            if not self._reading and not self._in_flight:
                return
            self._changed.clear()
            await self._changed.wait()

    async def _submit(self, request: release_pb2.ReleaseApiKeysRequest) -> None:
        self._in_flight += 1
        use = Use(request.row, request.template, request.claim, request.attempt)
        grant, refusal = None, None
        try:
            grant = await self._grant(request)
            rules.check(grant, use, self._now())
        except DomainError as error:
            refusal = error
            if not self._limiter.admits(grant.account if grant else ""):
                self._answer(request.id, error)
                return
        self._writer.submit(
            ReleaseRequest(self._caller, grant, use, refusal),
            partial(self._answer, request.id),
            seconds=max(0, request.timeout_ms or _DEFAULT_TIMEOUT_MS) / 1000,
        )

    async def _grant(self, request: release_pb2.ReleaseApiKeysRequest) -> JobGrant:
        known = self._grants.get(request.grant_sha256)
        if known is None:
            known = await self._shown(request)
            if len(self._grants) >= _MOST_GRANTS:
                self._grants.clear()
            self._grants[request.grant_sha256] = known
        if isinstance(known, DomainError):
            raise known
        return known

    async def _shown(self, request: release_pb2.ReleaseApiKeysRequest) -> JobGrant | DomainError:
        token = request.grant
        if hashlib.sha256(token.encode()).digest() != request.grant_sha256:
            raise GrantInvalid
        try:
            return rules.shown(grant_from(await self._verifier.verify(Kind.GRANT, token), token))
        except TokenExpired:
            return GrantExpired()
        except (Unauthenticated, GrantInvalid):
            return GrantInvalid()

    def _answer(self, id: int, verdict: Verdict | None) -> None:
        answer = release_pb2.ReleaseApiKeysResponse(id=id)
        if isinstance(verdict, Released):
            answer.released.secret = bytes(verdict.secret.reveal())
            answer.released.base_url = verdict.base_url
            answer.released.kind = getattr(api_keys_pb2.ApiKey, verdict.kind.value)
            answer.released.timeout_seconds = verdict.timeout_seconds
        else:
            answer.refused.CopyFrom(status_of(verdict or DomainError()))
        self._answers.append(answer)
        self._in_flight -= 1
        self._changed.set()
        self._room.set()
