"""Workers that share a rate key's pace through Valkey, and what they do without it, on a simulated clock."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from deploy.local.provider_limit import Limit, Window
from deploy.local.valkey import Valkey
from services.processor.provider.announced_limits import Told, told_by
from services.processor.provider.answer import Answer, Unusable
from services.processor.provider.failures import Failure, Verdict
from services.processor.provider.limiter import Limiter
from services.processor.provider.pace import SHARE_OF_TOLD, Pace
from services.processor.provider.parks import Parks
from services.processor.provider.rate_key import rate_key
from services.processor.provider.shared_paces import _LEASE, Lease, SharedPaces
from services.processor.rows.endings import Ended, Stopped
from services.processor.valkey import connect
from tests.support.own_time import in_own_time, own_loop
from tests.support.ports import free_port

TOO_MANY = Failure(Verdict.RATE, "PROVIDER_RATE_LIMITED", "too many")
REFUSED = Unusable(TOO_MANY)
TOLD_100_A_SECOND = Answer(("x",), told=Told("6000", "5999", "10ms", "", "", ""))
TOLD_ONE_A_SECOND = Answer(("x",), told=Told("60", "59", "1s", "", "", ""))
USED = 100 * SHARE_OF_TOLD
NAP_SECONDS = 0.01
#: How many turns per second twenty lanes take if nothing limits them.
FREE = 20 / NAP_SECONDS


class TimedPaces(SharedPaces):
    """The paces in Valkey on the test's clock, which stands still during a request to Valkey."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        assert "redis.call('TIME')" in _LEASE
        script = redis.register_script(_LEASE.replace("redis.call('TIME')", "{ARGV[8], ARGV[9]}"))

        def lease(keys: list[str], args: list[Any]) -> Awaitable[Any]:
            seconds, rest = divmod(own_loop().time(), 1.0)
            return script(keys=keys, args=[*args, int(seconds), int(rest * 1_000_000)])

        self._lease: Any = lease

    async def lease(
        self, rate_key: str, *, version: int, wanted: int, rate: float | None, passed: int
    ) -> Lease:
        with own_loop().asking():
            return await super().lease(rate_key, version=version, wanted=wanted, rate=rate, passed=passed)

    async def put(self, rate_key: str, pace: Pace, *, version: int) -> int:
        with own_loop().asking():
            return await super().put(rate_key, pace, version=version)


@asynccontextmanager
async def two_workers(url: str) -> AsyncIterator[tuple[Limiter, Limiter]]:
    """The limiters of two workers."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(2):
            redis: Redis = await stack.enter_async_context(connect(url))
            made.append(Limiter(TimedPaces(redis), Parks(redis), clock=own_loop().time))
            stack.push_async_callback(made[-1].close)
        yield made[0], made[1]


def somewhere() -> str:
    return rate_key(secrets.token_hex(8), "m")


async def turns(limiter: Limiter, where: str, seconds: float) -> int:
    """Return how many turns twenty lanes get in `seconds`."""
    now = own_loop().time
    end, count, work = now() + seconds, 0, Ended()

    async def lane() -> None:
        nonlocal count
        while now() < end:
            if await limiter.turn(where, work):
                count += now() < end
                await asyncio.sleep(NAP_SECONDS)

    await asyncio.gather(*(lane() for _ in range(20)))
    return count


async def told(limiter: Limiter, where: str, answer: Answer = TOLD_100_A_SECOND) -> None:
    """Let a worker learn an announced limit and share it."""
    while not await limiter.turn(where, Ended()):
        pass
    limiter.heard(where, limiter.now(), answer)
    await asyncio.sleep(0.1)


@in_own_time
async def test_workers_share_a_told_limit(valkey: Valkey) -> None:
    where = somewhere()
    async with two_workers(valkey.url()) as workers:
        await told(workers[0], where)
        first, second = await asyncio.gather(*(turns(each, where, 2.0) for each in workers))
    assert 0.9 * 2 * USED < first + second <= 2 * USED + 20
    assert min(first, second) > 25


@in_own_time
async def test_a_call_that_waits_for_a_slow_rate_key_leaves_when_its_work_is_over(valkey: Valkey) -> None:
    where, going_on, over = somewhere(), Ended(), Ended()
    async with two_workers(valkey.url()) as (worker, _):
        await told(worker, where, TOLD_ONE_A_SECOND)
        stays = [asyncio.ensure_future(worker.turn(where, going_on)) for _ in range(50)]
        leaves = [asyncio.ensure_future(worker.turn(where, over)) for _ in range(50)]
        await asyncio.sleep(0.2)
        over.end(Stopped())
        # The fifty turns before theirs take fifty seconds.
        _, waiting = await asyncio.wait(leaves, timeout=1.5)
        assert not waiting
        assert sum(not each.done() for each in stays) >= 48
        going_on.end(Stopped())
        await asyncio.gather(*stays)


@in_own_time
async def test_moments_that_a_dead_worker_took_pass_by(valkey: Valkey) -> None:
    where = somewhere()
    async with two_workers(valkey.url()) as (dead, alive):
        await told(dead, where)
        doomed = asyncio.ensure_future(turns(dead, where, 60.0))
        await asyncio.sleep(0.5)
        doomed.cancel()
        got = await turns(alive, where, 1.0)
    assert 0.8 * USED < got <= USED + 10


@in_own_time
async def test_one_workers_refusals_slow_all_workers_down(valkey: Valkey) -> None:
    where = somewhere()
    async with two_workers(valkey.url()) as workers:
        for each in workers:
            while not await each.turn(where, Ended()):
                pass
            each.heard(where, each.now(), Answer(("x",)))
        await asyncio.sleep(0.1)
        free = await turns(workers[1], where, 0.5)
        assert free > 0.9 * FREE / 2
        for _ in range(4):
            workers[0].heard(where, workers[0].now(), REFUSED)
        # The other worker asks four times a second whether there is a limit, without waiting for the answer.
        await turns(workers[1], where, 0.3)
        slow = await turns(workers[1], where, 1.0)
        assert slow < 30
        assert workers[1].refused_seconds(where) > 1.0
        workers[1].heard(where, workers[1].now(), Answer(("x",)))
        assert workers[1].refused_seconds(where) == 0


@in_own_time
async def test_a_stray_refusal_among_many_answers_slows_nobody_down(valkey: Valkey) -> None:
    where = somewhere()
    async with two_workers(valkey.url()) as (worker, _):
        while not await worker.turn(where, Ended()):
            pass
        for number in range(1000):
            worker.heard(where, worker.now(), REFUSED if number % 100 == 50 else Answer(("x",)))
        assert worker.refused_seconds(where) == 0
        assert await turns(worker, where, 0.5) > 0.9 * FREE / 2
        started = worker.now()
        await asyncio.sleep(0.01)
        for number in range(100):
            worker.heard(where, started, Answer(("x",)) if number % 5 else REFUSED)
        await asyncio.sleep(0.1)
        assert worker.refused_seconds(where) > 0


@in_own_time
async def test_a_flush_of_valkey_forgets_no_limit(valkey: Valkey) -> None:
    where = somewhere()
    async with two_workers(valkey.url()) as workers:
        await told(workers[0], where)
        before = await turns(workers[0], where, 0.5)
        async with connect(valkey.url()) as redis:
            with own_loop().asking():
                await redis.flushall()
        after = [await turns(each, where, 1.0) for each in workers]
    assert before <= USED / 2 + 10
    assert all(0.8 * USED < each <= USED + 20 for each in after)


@in_own_time
async def test_without_valkey_a_worker_takes_half_of_what_it_knows() -> None:
    async with connect(f"redis://127.0.0.1:{free_port()}/0") as redis:
        alone, where = Limiter(TimedPaces(redis), Parks(redis), clock=own_loop().time), somewhere()
        unknown = await turns(alone, where, 0.5)
        alone.heard(where, alone.now(), TOLD_100_A_SECOND)
        known = await turns(alone, where, 1.5)
        assert 20 < unknown <= 35
        assert 0.8 * 1.5 * USED / 2 < known <= 1.5 * USED / 2 + 10
        await alone.close()


@in_own_time
async def test_nonsense_in_valkey_is_no_pace(valkey: Valkey) -> None:
    where = somewhere()
    async with two_workers(valkey.url()) as (worker, _), connect(valkey.url()) as redis:
        for number, nonsense in enumerate(("", "[]", "[1,2]", '["x",0,0,0,0,0,0]', "{}", "nul")):
            with own_loop().asking():
                await redis.hset(f"smelt:pace:{where}", mapping={"version": number + 50, "pace": nonsense})
            assert await turns(worker, where, 0.1) > 0


async def asked(limiter: Limiter, limit: Limit, *, calls: int, lanes: int) -> tuple[int, float]:
    """Make calls to a provider with a limit, and repeat each until it is answered.

    Returns how many were refused, and how many seconds it took.
    """
    where, window, left, refused = somewhere(), Window(limit), calls, 0
    now = own_loop().time
    began = now()

    async def answered() -> bool:
        nonlocal refused
        while not await limiter.turn(where, Ended()):
            pass
        await limiter.smooth(where)
        started = limiter.now()
        await asyncio.sleep(0.01)
        fits = window.take(now())
        told = told_by(dict(window.headers(refused=not fits)))
        refused += not fits
        await asyncio.sleep(0.01)
        limiter.heard(where, started, Answer(("x",), told=told) if fits else Unusable(TOO_MANY, told=told))
        return fits

    async def lane() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            while not await answered():
                pass

    await asyncio.gather(*(lane() for _ in range(lanes)))
    return refused, now() - began


@in_own_time
async def test_a_limit_that_is_told_is_kept_and_nearly_used(valkey: Valkey) -> None:
    async with two_workers(valkey.url()) as (worker, _):
        refused, seconds = await asked(worker, Limit(calls=100), calls=400, lanes=50)
    # In the first second no worker knows the limit, so some calls may be refused.
    assert refused <= 8
    assert seconds < 5


@in_own_time
async def test_a_limit_that_is_not_told_is_found(valkey: Valkey) -> None:
    async with two_workers(valkey.url()) as (worker, _):
        limit = Limit(calls=30, window_seconds=0.5, tell=False)
        refused, seconds = await asked(worker, limit, calls=240, lanes=50)
    assert 0 < refused < 120
    assert seconds < 20
