"""When several reasons speak against a release, the first of `rules.REFUSALS` is told.

The stream and the batch are the vault's own; what the databases would say is made up.
"""

import hashlib
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from smelt.vault.v1 import release_pb2

from services.common.errors import DomainError
from services.common.tokens import KeySet, StaticKeys, TokenVerifier
from services.vault.api_keys.place import KeyPlace, KeyRow
from services.vault.audit.chain import Chain
from services.vault.audit.refusals import RefusalLimiter
from services.vault.crypto import envelope
from services.vault.crypto.secret import Secret
from services.vault.grants import rules
from services.vault.grants.brake import Brake, GrantLimit, ReleaseBrake
from services.vault.grants.rules import (
    ApiKeyDamaged,
    ApiKeyDeleted,
    GrantExhausted,
    GrantExpired,
    GrantInvalid,
    GrantRevoked,
    ReleaseReplayed,
    UseNotCovered,
)
from services.vault.keys import system_keys
from services.vault.keys.account_keys import AccountKeyRow, AccountKeys
from services.vault.keys.keyring import Keyring
from services.vault.release import batch
from services.vault.release.batch import ReleaseBatches, ReleaseRequest
from services.vault.release.store.batch import Found, LockedGrant
from services.vault.release.store.key_states import Standing
from services.vault.servicers.release_stream import ReleaseStream
from services.vault.signing import GrantClaims, TokenSigner

Reasons = Collection[type[DomainError]]
ACCOUNT = "account1"
PLACE = KeyPlace(ACCOUNT, "k1")
URL = "https://api.openai.com/v1"


@dataclass
class World:
    """A vault whose databases speak for `reasons` against a use."""

    reasons: Reasons
    keyring: Keyring = field(default_factory=lambda: Keyring("installation1", 1, {1: bytearray(32)}))
    waiting: list[tuple[ReleaseRequest, Any]] = field(default_factory=list)

    def token(self, signer: TokenSigner) -> str:
        claims = GrantClaims("job", ACCOUNT, "jobs/j", "files/f", 1, PLACE.name, 1, 9, 1, 5)
        began = datetime.now(UTC) - timedelta(hours=1 if GrantExpired in self.reasons else 0)
        return signer.sign(claims, timedelta(minutes=5), now=began, token_id="g1").token

    def submit(self, item: ReleaseRequest, answer: Any, *, seconds: float) -> None:
        self.waiting.append((item, answer))

    async def exchange(self, work: Any, *, seconds: float) -> Any:
        return await work

    async def of(self, places: Collection[KeyPlace]) -> dict[KeyPlace, Standing]:
        wrapped = self.keyring.new_account_key(ACCOUNT, 1)
        self.account_key = wrapped
        newest = 2 if ApiKeyDamaged in self.reasons else 1
        row = AccountKeyRow(ACCOUNT, 1, wrapped, "active", 0)
        return {PLACE: Standing(newest, ApiKeyDeleted in self.reasons, {1: row})}

    async def meet(self, *_: object) -> dict[tuple[str, str], type[ReleaseBrake]]:
        for why in (GrantLimit, ReleaseBrake):
            if why in self.reasons:
                return {(ACCOUNT, "g1"): why}
        return {}

    async def begin(self, *_: object) -> Found:
        binding = PLACE.binding(self.keyring, base_url=URL, generation=1)
        with (
            self.keyring.open_account_key(ACCOUNT, 1, self.account_key) as under,
            Secret(bytearray(b"sk-1")) as secret,
        ):
            key = KeyRow(PLACE, URL, envelope.SUITE, 1, 1, envelope.seal(secret, under, binding))
        grant = LockedGrant(7, 5 if GrantExhausted in self.reasons else 0, GrantRevoked in self.reasons)
        fresh = set() if ReleaseReplayed in self.reasons else {(7, 1, 0, 1, 1)}
        return Found({(ACCOUNT, "g1"): grant}, {PLACE: key}, fresh)

    @property
    def raw(self) -> None:
        return None


async def told(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ask once and return the reason on the wire; empty for a release."""

    async def commit(*_: object) -> None: ...

    monkeypatch.setattr(batch, "meet", world.meet)
    monkeypatch.setattr(batch, "begin", world.begin)
    monkeypatch.setattr(batch, "commit", commit)
    keys = system_keys.open_rows(system_keys.new_rows(world.keyring), world.keyring)
    signer = TokenSigner("installation1", keys.signing)
    known = KeySet("installation1") if GrantInvalid in world.reasons else signer.verification_keys()
    stream = ReleaseStream(
        "processor",
        writer=world,  # type: ignore[arg-type]
        verifier=TokenVerifier(StaticKeys(known)),
        limiter=RefusalLimiter(),
        now=lambda: datetime.now(UTC),
    )
    token = world.token(signer)

    async def requests() -> AsyncIterator[release_pb2.ReleaseApiKeysRequest]:
        yield release_pb2.ReleaseApiKeysRequest(
            id=1,
            grant=token,
            grant_sha256=hashlib.sha256(token.encode()).digest(),
            row=100 if UseNotCovered in world.reasons else 1,
            template=0,
            claim=1,
            attempt=1,
        )

    await stream.read(requests())
    chain = Chain("installation1", bytearray(32))
    batches = ReleaseBatches(
        chain=chain,
        account_keys=AccountKeys(world.keyring, rows=None, catch_up=None),  # type: ignore[arg-type]
        standings=world,
        macs=keys.macs,
        brake=Brake(1, 1, 1),
        limiter=RefusalLimiter(),
        now=lambda: datetime.now(UTC),
    )
    async with AsyncExitStack() as stack:
        for item, answer in world.waiting:
            committed = batches.commit(world, chain.genesis("0"), [item], seconds=1)  # type: ignore[arg-type]
            (verdict,) = await stack.enter_async_context(committed)
            answer(verdict)
        (given,) = [each async for each in stream.answers()]
    if given.HasField("released"):
        return ""
    info = ErrorInfo()
    assert given.refused.details[0].Unpack(info)
    return str(info.reason)


def named(reasons: Reasons) -> str:
    return " and ".join(reason.__name__ for reason in reasons)


async def test_without_a_reason_the_key_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await told(World(()), monkeypatch) == ""


@pytest.mark.parametrize(
    "reasons",
    [*combinations(rules.REFUSALS, 1), *combinations(rules.REFUSALS, 2), rules.REFUSALS],
    ids=named,
)
async def test_of_several_reasons_the_first_on_the_list_is_told(
    reasons: Reasons, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, *_) = reasons
    assert await told(World(reasons), monkeypatch) == first.reason


def test_the_list_is_the_order_that_the_module_promises() -> None:
    numbered = [line for line in (rules.__doc__ or "").splitlines() if line[:1].isdigit()]
    promised = [line.split(". ")[1].split(":")[0] for line in numbered]
    assert promised == [reason.reason for reason in rules.REFUSALS]
