"""One worker's stream of releases: each grant is shown once, and answers come in the order of decision."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from functools import partial

from smelt.vault.v1 import release_pb2

from services.common.clock import Now
from services.common.errors import DomainError, InvalidRequest, Unauthenticated
from services.common.identity import JobGrant, grant_from
from services.common.tokens import Kind, TokenExpired, TokenVerifier
from services.vault.audit.refusals import RefusalLimiter
from services.vault.audit.writer import AuditWriter
from services.vault.grants import rules
from services.vault.grants.rules import GrantExpired, GrantInvalid, Use
from services.vault.release.batch import ReleaseRequest, Verdict
from services.vault.servicers.release_answers import MOST_ASKS, ReleaseAnswers

#: After this a stream takes no more messages, and its worker opens another one. Longer, and workers stay on
#: one replica for long; shorter, and they reconnect for nothing.
STREAM_SECONDS = 600.0
_MOST_IN_FLIGHT = 1024
_MOST_GRANTS = 1024
_DEFAULT_TIMEOUT_MS = 5000
#: An ask, and a message that is one.
_Ask = release_pb2.ApiKeyAsk | release_pb2.ReleaseApiKeysRequest


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
        self._answers = ReleaseAnswers()
        self._in_flight = 0
        self._reading = True
        self._changed = asyncio.Event()
        self._room = asyncio.Event()

    async def read(self, requests: AsyncIterator[release_pb2.ReleaseApiKeysRequest]) -> None:
        """Read messages; return when there are no more."""
        try:
            async with asyncio.timeout(STREAM_SECONDS):
                async for request in requests:
                    if len(request.asks) > MOST_ASKS:
                        raise InvalidRequest(violations=[("asks", f"must be at most {MOST_ASKS}")])
                    for ask in request.asks or (request,):
                        while self._in_flight >= _MOST_IN_FLIGHT:
                            self._room.clear()
                            await self._room.wait()
                        await self._submit(ask)
        except TimeoutError:
            pass
        finally:
            self._reading = False
            self._changed.set()

    async def answers(self) -> AsyncIterator[release_pb2.ReleaseApiKeysResponse]:
        """Yield each answer as it comes, until every ask is answered and no more are read."""
        while True:
            while self._answers:
                yield self._answers.next()
            if not self._reading and not self._in_flight:
                return
            self._changed.clear()
            await self._changed.wait()

    async def _submit(self, ask: _Ask) -> None:
        self._in_flight += 1
        use = Use(ask.row, ask.template, ask.claim, ask.attempt)
        answer = partial(self._answer, ask.id, isinstance(ask, release_pb2.ReleaseApiKeysRequest))
        grant, refusal = None, None
        try:
            grant = await self._grant(ask)
            rules.check(grant, use, self._now())
        except DomainError as error:
            refusal = error
            if not self._limiter.admits(grant.account if grant else ""):
                answer(error)
                return
        self._writer.submit(
            ReleaseRequest(self._caller, grant, use, refusal),
            answer,
            seconds=max(0, ask.timeout_ms or _DEFAULT_TIMEOUT_MS) / 1000,
        )

    async def _grant(self, ask: _Ask) -> JobGrant:
        known = self._grants.get(ask.grant_sha256)
        if known is None:
            known = await self._shown(ask)
            if len(self._grants) >= _MOST_GRANTS:
                self._grants.clear()
            self._grants[ask.grant_sha256] = known
        if isinstance(known, DomainError):
            raise known
        return known

    async def _shown(self, ask: _Ask) -> JobGrant | DomainError:
        token = ask.grant
        if hashlib.sha256(token.encode()).digest() != ask.grant_sha256:
            raise GrantInvalid
        try:
            return rules.shown(grant_from(await self._verifier.verify(Kind.GRANT, token), token))
        except TokenExpired:
            return GrantExpired()
        except (Unauthenticated, GrantInvalid):
            return GrantInvalid()

    def _answer(self, id: int, is_alone: bool, verdict: Verdict | None) -> None:
        self._answers.put(id, verdict, is_alone=is_alone)
        self._in_flight -= 1
        self._changed.set()
        self._room.set()
