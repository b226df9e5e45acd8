"""One batch of releases: read what is known, decide each request, record everything, then hand out keys."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from services.common.clock import Now
from services.common.errors import DomainError, Unavailable
from services.common.identity import JobGrant
from services.common.key_kinds import KeyKind
from services.common.logs import describe, log
from services.vault.api_keys.place import KeyPlace, KeyRow
from services.vault.audit.actions import Action
from services.vault.audit.chain import Chain, Event, Head
from services.vault.audit.refusals import RefusalLimiter
from services.vault.bounded_connection import FAILURES, BoundedConnection
from services.vault.crypto import envelope
from services.vault.crypto.committing import DoesNotOpen
from services.vault.crypto.secret import Secret
from services.vault.grants.brake import Brake, ReleaseBrake
from services.vault.grants.rules import (
    ApiKeyDamaged,
    ApiKeyDeleted,
    GrantExhausted,
    GrantExpired,
    GrantRevoked,
    ReleaseReplayed,
    Use,
    budget,
    first,
)
from services.vault.grants.store.new_grants import meet
from services.vault.keys.account_keys import AccountErased, AccountKeys
from services.vault.keys.system_keys import Macs
from services.vault.metrics import BRAKE_REFUSALS, DAMAGED
from services.vault.release.store.batch import Decided, Found, GrantKey, NotedUse, begin, commit
from services.vault.release.store.key_states import Standing

_MOST_MET = 10_000
_TRIES = 3
_ALERT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """A worker's request for a key. One with `refusal` is refused already and only has to be recorded."""

    caller: str
    grant: JobGrant | None = None
    use: Use | None = None
    refusal: DomainError | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """A key for one call, wiped as soon as its batch is answered. `digest` names it in the audit log."""

    secret: Secret
    base_url: str
    digest: str
    kind: KeyKind = KeyKind.OPENAI
    timeout_seconds: int = 0


Verdict = Released | DomainError
Keys = dict[KeyPlace, Verdict]


class Standings(Protocol):
    """Says how keys stand in the key store at this moment; raises one of FAILURES."""

    async def of(self, places: Collection[KeyPlace]) -> Mapping[KeyPlace, Standing]: ...


@dataclass(slots=True)
class _Decisions:
    """The verdict on each request, and what must be made durable with them."""

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    released: Counter[int] = field(default_factory=Counter)
    used_keys: set[KeyPlace] = field(default_factory=set)
    forget: set[NotedUse] = field(default_factory=set)
    begun: bool = False


_Live = Sequence[tuple[int, JobGrant, Use]]


class ReleaseBatches:
    """Decides requests and commits them, together with events, to the audit chain of one replica."""

    def __init__(
        self,
        *,
        chain: Chain,
        account_keys: AccountKeys,
        standings: Standings,
        macs: Macs,
        brake: Brake,
        limiter: RefusalLimiter,
        now: Now,
    ) -> None:
        self._chain = chain
        self._account_keys = account_keys
        self._standings = standings
        self._macs = macs
        self._brake = brake
        self._limiter = limiter
        self._now = now
        self._told_of_brake = 0.0
        self._met: set[GrantKey] = set()

    @asynccontextmanager
    async def commit(
        self,
        database: BoundedConnection,
        head: Head,
        batch: Sequence[ReleaseRequest | Event],
        *,
        seconds: float,
    ) -> AsyncIterator[list[Verdict | None]]:
        """Yield a verdict for each request, None for each event, once all are durable; move `head` along.

        Opened keys are wiped at the end of the block. Raises one of FAILURES; then no key may be handed out.
        """
        keys: Keys = {}
        try:
            yield await database.exchange(self._commit(database, head, batch, keys), seconds=seconds)
        finally:
            for key in keys.values():
                if isinstance(key, Released):
                    key.secret.wipe()

    async def _commit(
        self, database: BoundedConnection, head: Head, batch: Sequence[ReleaseRequest | Event], keys: Keys
    ) -> list[Verdict | None]:
        now = self._now()
        live = [
            (n, each.grant, each.use)
            for n, each in enumerate(batch)
            if isinstance(each, ReleaseRequest) and each.refusal is None and each.grant and each.use
        ]
        made = await self._decide(database, live, keys) if live else _Decisions()
        moved = Head(head.chain, head.seq, head.mac)
        verdicts: list[Verdict | None] = []
        records = []
        for n, each in enumerate(batch):
            verdict = None if isinstance(each, Event) else each.refusal or made.verdicts[n]
            verdicts.append(verdict)
            if isinstance(verdict, ReleaseBrake) and not self._limiter.admits(_account(each)):
                continue
            event = each if isinstance(each, Event) else _event(each, verdict)
            records.append(self._chain.append(moved, event, now))
        if not records:
            return verdicts
        decided = Decided(head, records, now, made.released, made.used_keys, made.forget, made.begun)
        await commit(database.raw, decided)
        head.seq, head.mac = moved.seq, moved.mac
        return verdicts

    async def _decide(self, database: BoundedConnection, live: _Live, keys: Keys) -> _Decisions:
        places = {KeyPlace.named(grant.account, grant.api_key) for _, grant, _ in live}
        try:
            standings = await self._standings.of(places)
        except FAILURES as error:
            log.error("release.key_store_failed", **describe(error))
            return _Decisions(verdicts={n: Unavailable() for n, _, _ in live})
        if braked := await self._meet(database, live):
            made = _Decisions(verdicts={n: why() for n, why in braked.items()})
            live = [each for each in live if each[0] not in braked]
            if not live:
                return made
            later = await self._decide_met(database, live, keys, standings)
            later.verdicts |= made.verdicts
            return later
        return await self._decide_met(database, live, keys, standings)

    async def _decide_met(
        self, database: BoundedConnection, live: _Live, keys: Keys, standings: Mapping[KeyPlace, Standing]
    ) -> _Decisions:
        places = {KeyPlace.named(grant.account, grant.api_key) for _, grant, _ in live}
        found = await begin(database.raw, [(grant, use) for _, grant, use in live], places)
        try:
            await self._catch_up(found, standings)
        except (*FAILURES, DomainError) as error:
            # Nothing is decided yet, and the rollback forgets the uses that were noted.
            await database.raw.execute("ROLLBACK")
            log.error("release.key_store_failed", **describe(error))
            return _Decisions(verdicts={n: Unavailable() for n, _, _ in live})
        for place in places:
            keys[place] = self._open(found.keys.get(place), standings.get(place))
        return _decisions(live, found, keys)

    async def _meet(self, database: BoundedConnection, live: _Live) -> dict[int, type[ReleaseBrake]]:
        """Return the numbers of the requests that the brake holds back, and why."""
        unmet = {(grant.account, grant.id): grant for _, grant, _ in live}
        for known in unmet.keys() & self._met:
            del unmet[known]
        if not unmet:
            return {}
        braked = await meet(database.raw, unmet.values(), self._brake)
        if len(self._met) > _MOST_MET:
            self._met.clear()
        self._met |= unmet.keys() - braked.keys()
        # An account that is at its own limit is no sign of a stolen processor.
        if alarming := sum(why is ReleaseBrake for why in braked.values()):
            self._alert(alarming)
        return {n: braked[key] for n, grant, _ in live if (key := (grant.account, grant.id)) in braked}

    def _alert(self, grants: int) -> None:
        BRAKE_REFUSALS.inc(grants)
        now = time.monotonic()
        if now - self._told_of_brake > _ALERT_SECONDS:
            self._told_of_brake = now
            log.error("release.brake", grants=self._brake.grants, accounts=self._brake.accounts)

    async def _catch_up(self, found: Found, standings: Mapping[KeyPlace, Standing]) -> None:
        """Read account keys again if a rotation has rewrapped them since they were read."""
        for _ in range(_TRIES):
            if not any(self._behind(found.keys.get(place), each) for place, each in standings.items()):
                return
            await self._account_keys.catch_up()
            newer = await self._standings.of(standings)
            for place, standing in standings.items():
                standing.account_keys = newer[place].account_keys if place in newer else {}

    def _behind(self, row: KeyRow | None, standing: Standing) -> bool:
        known = standing.account_keys
        return self._account_keys.behind(known.values()) or (row is not None and row.epoch not in known)

    def _open(self, row: KeyRow | None, standing: Standing | None) -> Verdict:
        if row is None or (standing is not None and standing.deleted):
            return ApiKeyDeleted()
        place = row.place
        try:
            if standing is None or row.generation < standing.generation:
                raise DoesNotOpen
            if (wrapped := standing.account_keys.get(row.epoch)) is None:
                raise DoesNotOpen
            binding = row.binding(self._account_keys.keyring)
            with self._account_keys.opened(wrapped) as under:
                secret = envelope.open_blob(row.blob, under, binding, suite=row.suite)
        except AccountErased:
            return ApiKeyDeleted()
        except DoesNotOpen:
            DAMAGED.inc()
            log.error("release.key_does_not_open", account=place.account, api_key=place.name)
            return ApiKeyDamaged()
        digest = self._macs.digest("released", secret.reveal())[:16].hex()
        return Released(secret, row.base_url, digest, row.kind, row.timeout_seconds)


def _account(request: ReleaseRequest | Event) -> str:
    if isinstance(request, Event):
        return request.account
    return request.grant.account if request.grant else ""


def _decisions(live: _Live, found: Found, keys: Mapping[KeyPlace, Verdict]) -> _Decisions:
    made = _Decisions(begun=True)
    fresh = set(found.fresh)
    for n, grant, use in live:
        place = KeyPlace.named(grant.account, grant.api_key)
        row = found.grants.get((grant.account, grant.id))
        key = keys[place]
        if row is None:
            made.verdicts[n] = GrantExpired()
            continue
        noted = (row.ref, use.row, use.template, use.claim, use.attempt)
        reasons: list[DomainError] = []
        if row.revoked:
            reasons.append(GrantRevoked())
        if isinstance(key, DomainError):
            reasons.append(key)
        if noted not in fresh:
            reasons.append(ReleaseReplayed())
        if row.used + made.released[row.ref] >= budget(grant):
            reasons.append(GrantExhausted())
        if (refusal := first(reasons)) is not None:
            made.verdicts[n] = refusal
            continue
        # A second request for the same use in this batch is a replay.
        fresh.discard(noted)
        made.released[row.ref] += 1
        made.used_keys.add(place)
        made.verdicts[n] = key
    # Uses that were noted but not released are forgotten: a refusal uses nothing up.
    made.forget = fresh
    made.released = +made.released
    return made


def _event(request: ReleaseRequest, verdict: Verdict | None) -> Event:
    details: dict[str, str | int] = {"caller": request.caller}
    if request.grant:
        details |= {"grant": request.grant.id, "purpose": request.grant.purpose, "job": request.grant.job}
    if request.use:
        details |= {
            "row": request.use.row,
            "template": request.use.template,
            "claim": request.use.claim,
            "attempt": request.use.attempt,
        }
    if isinstance(verdict, Released):
        details |= {"key": verdict.digest, "base_url": verdict.base_url}
        outcome = "released"
    else:
        details["reason"] = verdict.reason if verdict else ""
        outcome = "refused"
    account, name = (request.grant.account, request.grant.api_key) if request.grant else ("", "")
    return Event(account, name, Action.RELEASE_API_KEY, outcome, details)
