"""The gate: which sessions let a request pass, what is written, and how passports are shared."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from services.auth.admission.check import ActiveSessions, Gate, SessionClaims, SessionGate, TokenGate
from services.auth.admission.passports import Passports
from services.auth.sessions.sessions import SessionState, Standing
from services.auth.tokens import token_text
from services.auth.tokens.access_tokens import TokenState
from services.common.errors import Unauthenticated, Unavailable

NOW = datetime(2030, 1, 1, tzinfo=UTC)
IDLE = timedelta(days=7)
ALL = ("read", "write", "account")
TEXT = token_text.compose(b"\x07" * 32)
TOKEN = TokenState(
    id="t1",
    account="ada",
    account_state="active",
    scopes=("read", "write"),
    last_used_time=None,
    expire_time=NOW + timedelta(days=90),
    read_time=NOW,
    generation=3,
)
SECOND = timedelta(seconds=1)
STATE = SessionState(
    account="ada",
    account_state="active",
    last_used_time=NOW,
    expire_time=NOW + timedelta(days=30),
    end_time=None,
    read_time=NOW,
    generation=3,
)


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        (STATE, Standing.ACTIVE),
        (replace(STATE, account="eve"), Standing.UNKNOWN),
        (replace(STATE, account_state="disabled"), Standing.ACCOUNT_CLOSED),
        (replace(STATE, account_state="deleted"), Standing.ACCOUNT_CLOSED),
        (replace(STATE, account_state="something new"), Standing.ACCOUNT_CLOSED),
        (replace(STATE, end_time=NOW - SECOND), Standing.ENDED),
        (replace(STATE, end_time=NOW + SECOND), Standing.ENDED),
        (replace(STATE, expire_time=NOW + SECOND), Standing.ACTIVE),
        (replace(STATE, expire_time=NOW), Standing.EXPIRED),
        (replace(STATE, last_used_time=NOW - IDLE + SECOND), Standing.ACTIVE),
        (replace(STATE, last_used_time=NOW - IDLE), Standing.IDLE),
        (replace(STATE, last_used_time=NOW + SECOND), Standing.ACTIVE),
    ],
)
def test_only_an_active_session_of_an_active_account_stands(state: SessionState, standing: Standing) -> None:
    assert state.standing("ada", idle=IDLE) is standing


@dataclass
class World:
    """Everything around the gate, in memory."""

    states: dict[str, SessionState] = field(default_factory=lambda: {"s1": STATE})
    token: TokenState = TOKEN
    looked_up: list[bytes] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    generations: list[int] = field(default_factory=list)
    broken: bool = False
    seconds: float = 0.0
    hold: asyncio.Event | None = None

    async def verify(self, token: str) -> SessionClaims:
        if not token.startswith("good-"):
            raise Unauthenticated
        return SessionClaims(account="ada", session=token.removeprefix("good-"))

    async def find(self, session: str) -> SessionState | None:
        return self.states.get(session)

    async def note_use(self, id_: str, /, *, now: datetime) -> None:
        self.noted.append(id_)

    async def sign_passport(
        self, account: str, session: str, *, scopes: tuple[str, ...], generation: int, life: timedelta
    ) -> str:
        if self.hold:
            await self.hold.wait()
        if self.broken:
            raise Unavailable
        assert life == timedelta(minutes=5)
        assert scopes == (ALL if session.startswith("s") else self.token.scopes)
        self.signed.append(session)
        self.generations.append(generation)
        return f"passport {len(self.signed)} of {account} in {session}"

    def passports(self, **limits: int) -> Passports:
        return Passports(self, lambda: self.seconds, **limits)

    def gate(self) -> Gate:
        passports = self.passports()
        sessions = SessionGate(self, ActiveSessions(self, idle=IDLE), uses=self, passports=passports)
        return Gate(sessions, TokenGate(Tokens(self), uses=self, passports=passports))


@dataclass
class Tokens:
    """The one access token there is."""

    world: World

    async def find(self, digest: bytes) -> TokenState | None:
        self.world.looked_up.append(digest)
        return self.world.token if digest == token_text.digest_of(TEXT) else None


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("header", ["Bearer good-s1", "bearer good-s1", "BEARER  good-s1 "])
async def test_a_bearer_of_a_session_gets_its_passport(world: World, header: str) -> None:
    assert await world.gate().admit(header, method="GET") == "passport 1 of ada in s1"


@pytest.mark.parametrize(
    "header", ["", " ", "Bearer", "Bearer ", "good-s1", "Basic good-s1", "Bearer bad", "Bearer good-s2"]
)
async def test_nobody_else_passes(world: World, header: str) -> None:
    with pytest.raises(Unauthenticated):
        await world.gate().admit(header, method="GET")
    assert (world.signed, world.noted) == ([], [])


async def test_an_ended_session_does_not_pass_though_its_passport_is_still_kept(world: World) -> None:
    gate = world.gate()
    await gate.admit("Bearer good-s1", method="POST")
    world.states["s1"] = replace(STATE, end_time=NOW)
    with pytest.raises(Unauthenticated):
        await gate.admit("Bearer good-s1", method="POST")


@pytest.mark.parametrize(("minutes", "noted"), [(0, []), (4, []), (5, ["s1"]), (60, ["s1"])])
async def test_the_use_is_written_at_most_every_five_minutes(
    world: World, minutes: int, noted: list[str]
) -> None:
    world.states["s1"] = replace(STATE, last_used_time=NOW - timedelta(minutes=minutes))
    await world.gate().admit("Bearer good-s1", method="POST")
    assert world.noted == noted


async def test_a_passport_is_kept_for_four_minutes(world: World) -> None:
    passports = world.passports()
    first = await passports.of("ada", "s1", ALL, generation=1)
    world.seconds = 239.9
    assert await passports.of("ada", "s1", ALL, generation=1) == first
    world.seconds = 240.0
    assert await passports.of("ada", "s1", ALL, generation=1) != first
    assert await passports.of("ada", "s2", ALL, generation=1) == "passport 3 of ada in s2"


async def test_a_session_that_goes_on_after_a_new_password_gets_a_passport_that_says_so(
    world: World,
) -> None:
    gate = world.gate()
    older = await gate.admit("Bearer good-s1", method="GET")
    world.states["s1"] = replace(STATE, generation=4)
    newer = await gate.admit("Bearer good-s1", method="GET")
    assert older != newer
    assert await gate.admit(f"Bearer {TEXT}", method="GET") not in (older, newer)
    assert world.generations == [3, 4, 3]


async def test_many_who_ask_at_once_ask_the_vault_once(world: World) -> None:
    world.hold = asyncio.Event()
    passports = world.passports()
    asking = [asyncio.create_task(passports.of("ada", "s1", ALL, generation=1)) for _ in range(20)]
    await asyncio.sleep(0)
    asking.pop().cancel()
    await asyncio.sleep(0)
    world.hold.set()
    assert len(set(await asyncio.gather(*asking))) == 1
    assert world.signed == ["s1"]


async def test_a_failure_is_told_to_all_and_not_remembered(world: World) -> None:
    world.broken = True
    passports = world.passports()
    answers = await asyncio.gather(
        *(passports.of("ada", "s1", ALL, generation=1) for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(answer, Unavailable) for answer in answers)
    world.broken = False
    assert await passports.of("ada", "s1", ALL, generation=1) == "passport 1 of ada in s1"


async def test_the_memory_for_passports_is_bounded(world: World) -> None:
    passports = world.passports(most_kept=2)
    for session in ("s1", "s2", "s3"):
        await passports.of("ada", session, ALL, generation=1)
    await passports.of("ada", "s3", ALL, generation=1)
    assert world.signed == ["s1", "s2", "s3"]
    await passports.of("ada", "s1", ALL, generation=1)
    assert world.signed == ["s1", "s2", "s3", "s1"]
