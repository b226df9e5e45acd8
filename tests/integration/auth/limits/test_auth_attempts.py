"""Limits of signing in and registering: over two replicas, before any password is hashed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import pytest
from smelt.auth.v1 import sessions_pb2

from services.auth.limits.limits import Counted, Full, Limit, Rate
from services.auth.limits.store import AttemptStore
from services.common import database
from services.common.identity import CLIENT_ADDRESS_KEY
from services.common.rpc.errors import error_from_rpc
from tests.integration.auth.auth_server import Auth, Replicas, refused
from tests.support.patience import PATIENCE_SECONDS

WRONG = "not the right password"
MINUTE = timedelta(minutes=1)


async def tried(auth: Auth, email: str, client: str, password: str = WRONG) -> str:
    """The reason of an attempt that must fail."""
    return (await refused(auth.sign_in(email, password, client=client))).reason


@pytest.mark.promise("S22")
@pytest.mark.promise("S21")
async def test_of_200_parallel_attempts_over_two_replicas_exactly_5_are_looked_at(replicas: Replicas) -> None:
    both = (replicas.first, replicas.second)

    async def attempt(number: int) -> tuple[str, int, str]:
        call = both[number % 2].sessions.CreateSession(
            sessions_pb2.CreateSessionRequest(email=" VICTIM@example.com", password=f"{WRONG} {number}"),
            # What else claims to be an address is not looked at.
            metadata=((CLIENT_ADDRESS_KEY, "192.0.2.1"), ("x-forwarded-for", f"198.51.100.{number}")),
            timeout=PATIENCE_SECONDS,
        )
        try:
            await call
        except grpc.aio.AioRpcError as error:
            told = error_from_rpc(error)
            trailing = dict(error.trailing_metadata() or ())
            return told.reason, told.retry_after_seconds or 0, str(trailing.get("retry-after", "0"))
        raise AssertionError("a wrong password was taken")

    async def decided(number: int) -> tuple[str, int, str]:
        # A hundred at a replica share ten connections; who does not get one in five seconds, as on a very
        # busy machine, is told to come again. Such an attempt counts for nothing.
        while (answer := await attempt(number))[0] == "UNAVAILABLE":
            pass
        return answer

    answers = await asyncio.gather(*(decided(number) for number in range(200)))
    assert Counter(reason for reason, _, _ in answers) == {"UNAUTHENTICATED": 5, "LOGIN_RATE_LIMITED": 195}
    for reason, seconds, header in answers:
        if reason == "LOGIN_RATE_LIMITED":
            assert 0 < seconds <= 15 * 60
            assert header == str(seconds)
    # What was refused cost no code of the vault's, and so no hash.
    assert replicas.first.vault.asked["Mac"] == 5


@pytest.mark.promise("S21")
async def test_a_limit_outlives_a_restart_and_its_owner_signs_in_from_elsewhere(replicas: Replicas) -> None:
    await replicas.first.register("victim@example.com", client="203.0.113.9")
    for _ in range(5):
        assert await tried(replicas.first, "victim@example.com", "192.0.2.1") == "UNAUTHENTICATED"
    async with replicas.another() as restarted:
        assert await tried(restarted, "victim@example.com", "192.0.2.1") == "LOGIN_RATE_LIMITED"
        # The right password does not help there, either.
        told = await refused(restarted.sign_in("victim@example.com", client="192.0.2.1"))
        assert told.reason == "LOGIN_RATE_LIMITED"
        await restarted.sign_in("victim@example.com", client="192.0.2.2")


@pytest.mark.long
async def test_a_success_clears_the_attempts_of_its_pair(replicas: Replicas) -> None:
    await replicas.first.register("ada@example.com", client="192.0.2.3")
    for _ in range(2):
        for _ in range(4):
            assert await tried(replicas.first, "ada@example.com", "192.0.2.3") == "UNAUTHENTICATED"
        await replicas.second.sign_in("ada@example.com", client="192.0.2.3")


@pytest.mark.long
@pytest.mark.promise("S21")
async def test_one_client_may_not_try_many_addresses_nor_other_addresses_of_its_network(
    replicas: Replicas,
) -> None:
    async with replicas.another(limit_login_address=Rate.parse("3/15m")) as auth:
        for number in range(3):
            told = await tried(auth, f"person{number}@example.com", f"2001:db8:1:2::{number:x}")
            assert told == "UNAUTHENTICATED"
        assert await tried(auth, "person4@example.com", "2001:db8:1:2:ffff::1") == "LOGIN_RATE_LIMITED"
        assert await tried(auth, "person4@example.com", "2001:db8:1:3::1") == "UNAUTHENTICATED"


async def test_failures_of_one_address_are_capped_over_all_clients_and_a_success_is_none(
    replicas: Replicas,
) -> None:
    async with replicas.another(limit_login_email=Rate.parse("3/1h")) as auth:
        await auth.register("cap@example.com", client="192.0.2.9")
        for number in range(2):
            assert await tried(auth, "cap@example.com", f"192.0.2.{10 + number}") == "UNAUTHENTICATED"
        for _ in range(3):
            await auth.sign_in("cap@example.com", client="192.0.2.20")
        assert await tried(auth, "cap@example.com", "192.0.2.12") == "UNAUTHENTICATED"
        told = await refused(auth.sign_in("cap@example.com", client="192.0.2.20"))
        assert told.reason == "LOGIN_RATE_LIMITED"
        assert "signInLinks" in told.message
        # An address without an account is refused in the same words.
        for number in range(3):
            assert await tried(auth, "nobody@example.com", f"192.0.2.{30 + number}") == "UNAUTHENTICATED"
        unknown = await refused(auth.sign_in("nobody@example.com", client="192.0.2.20"))
        assert (unknown.reason, unknown.message) == (told.reason, told.message)


@pytest.mark.promise("S21")
async def test_registrations_of_one_client_are_limited_over_replicas(replicas: Replicas) -> None:
    both = (replicas.first, replicas.second)
    for number in range(3):
        await both[number % 2].register(f"new{number}@example.com", client="192.0.2.40")
    macs = replicas.first.vault.asked["Mac"]
    for auth in both:
        told = await refused(auth.register("new9@example.com", client="192.0.2.40"))
        assert told.reason == "REGISTER_RATE_LIMITED"
        assert 0 < (told.retry_after_seconds or 0) <= 3600
    assert replicas.first.vault.asked["Mac"] == macs
    await replicas.first.register("new9@example.com", client="192.0.2.41")


async def test_a_mistake_in_the_form_is_no_registration(replicas: Replicas) -> None:
    for _ in range(5):
        told = await refused(replicas.first.register("new@example.com", "short", client="192.0.2.42"))
        assert told.reason == "PASSWORD_TOO_SHORT"
    await replicas.first.register("new@example.com", client="192.0.2.42")


async def test_attempts_hold_no_address_of_anyone(replicas: Replicas) -> None:
    await tried(replicas.first, "secretive@example.com", "192.0.2.50")
    kept = str(replicas.first.execute("SELECT a::text, encode(key, 'escape') FROM attempt a"))
    assert "2030" not in kept
    assert "202" in kept  # the control: there are times in it
    for trace in ("secretive", "192.0.2.50", b"secretive".hex(), b"192.0.2.50".hex()):
        assert trace not in kept


@pytest.fixture
async def store(auth: Auth) -> AsyncIterator[AttemptStore]:
    engine = database.engine(auth.conninfo.replace("postgresql://", "postgresql+psycopg://"))
    yield AttemptStore(database.sessions(engine))
    await engine.dispose()


def limit(name: str, rate: str = "5/15m") -> Limit:
    return Limit(name.encode(), Rate.parse(rate))


def let_pass(auth: Auth, key: str, time: timedelta) -> None:
    """Make everything under a key so much older."""
    auth.execute(
        "UPDATE attempt SET times = ARRAY(SELECT t - %s FROM unnest(times) WITH ORDINALITY AS u (t, n) "
        "ORDER BY n) WHERE key = %s",
        time,
        key.encode(),
    )


async def counted(store: AttemptStore, *limits: Limit, times: int) -> int:
    """How many of a number of attempts were admitted."""
    return [isinstance(await store.count(limits), Counted) for _ in range(times)].count(True)


@pytest.mark.promise("S21")
async def test_at_no_edge_of_the_clock_do_more_pass_than_in_one_period(
    auth: Auth, store: AttemptStore
) -> None:
    edge = limit("edge")
    assert await counted(store, edge, times=1) == 1
    let_pass(auth, "edge", 14 * MINUTE)
    assert await counted(store, edge, times=10) == 4
    # The first one is over, and the four of a minute ago are not: one may come.
    let_pass(auth, "edge", 2 * MINUTE)
    assert await counted(store, edge, times=10) == 1
    let_pass(auth, "edge", 12 * MINUTE)
    refused_now = await store.count([edge])
    assert isinstance(refused_now, Full)
    assert 0 < refused_now.retry_after_seconds <= 60
    let_pass(auth, "edge", 1 * MINUTE)
    assert await counted(store, edge, times=10) == 4


async def test_what_one_limit_refuses_is_not_counted_by_the_others(store: AttemptStore) -> None:
    narrow, wide = limit("narrow", "2/1h"), limit("wide", "5/1h")
    assert await counted(store, narrow, wide, times=10) == 2
    assert await counted(store, wide, times=10) == 3


async def test_what_is_taken_back_leaves_room_for_another(store: AttemptStore) -> None:
    back, other = limit("back", "2/1h"), limit("other", "9/1h")
    first = await store.count([back, other])
    assert isinstance(first, Counted)
    await store.take_back(first, [back])
    assert await counted(store, back, times=9) == 2
    assert await counted(store, other, times=9) == 8


async def test_many_at_once_under_overlapping_limits_neither_pass_nor_wait_for_each_other(
    store: AttemptStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A deadlock is found by Postgres itself, and not by a deadline that a busy machine meets first.
    monkeypatch.setattr(database, "_TRANSACTION_SECONDS", PATIENCE_SECONDS)
    one, two, three = limit("one", "7/1h"), limit("two", "9/1h"), limit("three", "20/1h")
    orders: list[tuple[Limit, ...]] = [(one, two, three), (three, two, one), (two, three), (three, one)]
    # As many as there are connections: a call that waits long for one is refused.
    at_once = asyncio.Semaphore(10)

    async def counted(order: tuple[Limit, ...]) -> Any:
        async with at_once:
            return await store.count(order)

    async with asyncio.timeout(PATIENCE_SECONDS):
        results: list[Any] = await asyncio.gather(*(counted(orders[n % 4]) for n in range(80)))
    by_key: Counter[bytes] = Counter(
        key for result in results if isinstance(result, Counted) for key in result.times
    )
    assert by_key[b"one"] <= 7
    assert by_key[b"two"] <= 9
    assert by_key[b"three"] <= 20
    assert by_key[b"one"] == 7 or by_key[b"two"] == 9


async def test_what_no_limit_looks_at_any_more_is_swept_away(auth: Auth, store: AttemptStore) -> None:
    await store.count([limit("old")])
    await store.count([limit("young")])
    await store.count([limit("emptied")])
    let_pass(auth, "old", 16 * MINUTE)
    let_pass(auth, "young", 14 * MINUTE)
    auth.execute("UPDATE attempt SET times = '{}' WHERE key = 'emptied'")
    await store.sweep()
    left = {bytes(key) for (key,) in auth.execute("SELECT key FROM attempt")}
    assert b"young" in left
    assert not left & {b"old", b"emptied"}
