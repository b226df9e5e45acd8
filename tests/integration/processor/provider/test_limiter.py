"""Workers that share a rate key's pace by Valkey, and what they do without it."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from deploy.local.valkey import Valkey
from services.processor.provider.announced_limits import Told
from services.processor.provider.answer import Answer, Unusable
from services.processor.provider.failures import Failure, Verdict
from services.processor.provider.limiter import Limiter
from services.processor.provider.parks import Parks
from services.processor.provider.rate_key import rate_key
from services.processor.provider.shared_paces import SharedPaces
from services.processor.rows.endings import Ended, Stopped
from services.processor.valkey import connect
from tests.support.ports import free_port

REFUSED = Unusable(Failure(Verdict.RATE, "PROVIDER_RATE_LIMITED", "too many"))
TOLD_100_A_SECOND = Answer("x", told=Told("6000", "5999", "10ms", "", "", ""))
TOLD_ONE_A_SECOND = Answer("x", told=Told("60", "59", "1s", "", "", ""))


@pytest.fixture
async def workers(valkey: Valkey) -> AsyncIterator[list[Limiter]]:
    """Two workers' limiters."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(2):
            redis: Redis = await stack.enter_async_context(connect(valkey.url()))
            made.append(Limiter(SharedPaces(redis), Parks(redis)))
            stack.push_async_callback(made[-1].close)
        yield made


def somewhere() -> str:
    return rate_key(secrets.token_hex(8), "m")


async def turns(limiter: Limiter, where: str, seconds: float) -> int:
    """Return how many turns twenty lanes get."""
    end, count, work = time.monotonic() + seconds, 0, Ended()

    async def lane() -> None:
        nonlocal count
        while time.monotonic() < end:
            if await limiter.turn(where, work):
                count += time.monotonic() < end
                await asyncio.sleep(0.001)

    await asyncio.gather(*(lane() for _ in range(20)))
    return count


async def told(limiter: Limiter, where: str, answer: Answer = TOLD_100_A_SECOND) -> None:
    """Let a worker learn of a limit, and share it."""
    while not await limiter.turn(where, Ended()):
        pass
    limiter.heard(where, limiter.now(), answer)
    await asyncio.sleep(0.1)


async def test_workers_share_a_told_limit(workers: list[Limiter]) -> None:
    where = somewhere()
    await told(workers[0], where)
    first, second = await asyncio.gather(*(turns(each, where, 2.0) for each in workers))
    assert 150 <= first + second <= 220
    assert min(first, second) > 25


async def test_who_waits_at_a_slow_place_leaves_when_its_work_is_over(workers: list[Limiter]) -> None:
    where, going_on, over = somewhere(), Ended(), Ended()
    await told(workers[0], where, TOLD_ONE_A_SECOND)
    stays = [asyncio.ensure_future(workers[0].turn(where, going_on)) for _ in range(50)]
    leaves = [asyncio.ensure_future(workers[0].turn(where, over)) for _ in range(50)]
    await asyncio.sleep(0.2)
    over.end(Stopped())
    # Fifty turns that come before theirs would take as many seconds.
    _, waiting = await asyncio.wait(leaves, timeout=10)
    assert not waiting
    assert sum(not each.done() for each in stays) > 30
    going_on.end(Stopped())
    await asyncio.wait_for(asyncio.gather(*stays), 10)


async def test_moments_that_a_dead_worker_took_pass_by(workers: list[Limiter]) -> None:
    where = somewhere()
    await told(workers[0], where)
    doomed = asyncio.ensure_future(turns(workers[0], where, 60.0))
    await asyncio.sleep(0.5)
    doomed.cancel()
    assert await turns(workers[1], where, 1.0) > 50


async def test_one_workers_refusal_slows_all_workers_down(workers: list[Limiter]) -> None:
    where = somewhere()
    for each in workers:
        while not await each.turn(where, Ended()):
            pass
        each.heard(where, each.now(), Answer("x"))
    await asyncio.sleep(0.1)
    assert await turns(workers[1], where, 0.5) > 500
    started = workers[0].now()
    workers[0].heard(where, started, REFUSED)
    # The other worker asks four times a second whether there is a limit now, on an idle machine.
    async with asyncio.timeout(30):
        while await turns(workers[1], where, 0.3) > 100:
            pass
    assert await turns(workers[1], where, 1.0) < 50
    assert workers[1].refused_seconds(where) > 0
    workers[1].heard(where, workers[1].now(), Answer("x"))
    assert workers[1].refused_seconds(where) == 0


async def test_a_stray_refusal_among_many_answers_slows_nobody_down(workers: list[Limiter]) -> None:
    where = somewhere()
    while not await workers[0].turn(where, Ended()):
        pass
    for number in range(1000):
        workers[0].heard(where, workers[0].now(), REFUSED if number % 100 == 50 else Answer("x"))
    assert workers[0].refused_seconds(where) == 0
    assert await turns(workers[0], where, 0.5) > 500
    started = workers[0].now()
    for number in range(100):
        workers[0].heard(where, started, Answer("x") if number % 5 else REFUSED)
    assert workers[0].refused_seconds(where) > 0


async def test_a_flush_of_valkey_forgets_no_limit(workers: list[Limiter], valkey: Valkey) -> None:
    where = somewhere()
    await told(workers[0], where)
    assert await turns(workers[0], where, 0.5) < 100
    async with connect(valkey.url()) as redis:
        await redis.flushall()
    assert 60 < await turns(workers[0], where, 1.0) < 130
    assert 60 < await turns(workers[1], where, 1.0) < 130


async def test_without_valkey_a_worker_takes_half_of_what_it_knows() -> None:
    async with connect(f"redis://127.0.0.1:{free_port()}/0") as redis:
        alone, where = Limiter(SharedPaces(redis), Parks(redis)), somewhere()
        assert await turns(alone, where, 0.5) <= 40
        alone.heard(where, alone.now(), TOLD_100_A_SECOND)
        assert 40 < await turns(alone, where, 1.5) < 95
        await alone.close()


async def test_nonsense_in_valkey_is_no_pace(workers: list[Limiter], valkey: Valkey) -> None:
    where = somewhere()
    async with connect(valkey.url()) as redis:
        for number, nonsense in enumerate(("", "[]", "[1,2]", '["x",0,0,0,0,0,0]', "{}", "nul")):
            await redis.hset(f"smelt:pace:{where}", mapping={"version": number + 50, "pace": nonsense})
            assert await turns(workers[0], where, 0.1) > 0
