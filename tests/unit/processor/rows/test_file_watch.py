"""The watch over files: asked by time and never by rows, and no call without fresh news."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.common.errors import Kind, RemoteError, Unavailable
from services.processor.outside import Proof
from services.processor.provider.answer import Answer
from services.processor.provider.refused_parts import RefusedParts
from services.processor.rows.calls import Calls
from services.processor.rows.claims import Claim
from services.processor.rows.endings import Again, Ended, Ending, Fail, Pause
from services.processor.rows.file_watch import FRESH_SECONDS, LOOK_SECONDS, PATIENCE_SECONDS, FileWatch
from tests.unit.processor.rows.test_calls import SETTINGS, Keys, Provider, Turns

GONE = RemoteError("FILE_NOT_FOUND", Kind.NOT_FOUND, "File not found")


def claim(job: str = "j", number: int = 0) -> Claim:
    return Claim(
        job=job,
        number=number,
        fence=1,
        claims=1,
        first_row=1,
        last_row=10,
        calls=5,
        account="ada",
        file="files/f",
        parse=1,
        api_key="apiKeys/k",
        wrapped_key=b"",
        snapshot=b"",
        grant_id="g",
        sealed_grant=None,
        grant="grant",
    )


@dataclass
class World:
    """Files, and a time that moves only when a test says so."""

    said: Exception | None = None
    checks: int = 0
    time: float = 0.0
    ended: list[tuple[str, Ending]] = field(default_factory=list)
    _sleeping: list["asyncio.Future[None]"] = field(default_factory=list)

    def watch(self) -> FileWatch:
        return FileWatch(self, self.end, clock=lambda: self.time, sleep=self.sleep)

    async def check(self, file: str, proof: Proof) -> None:
        self.checks += 1
        if self.said is not None:
            raise self.said

    def end(self, job: str, ending: Ending) -> None:
        self.ended.append((job, ending))

    async def sleep(self, seconds: float) -> None:
        waiting = asyncio.get_running_loop().create_future()
        self._sleeping.append(waiting)
        await waiting

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def look(self, seconds: float = LOOK_SECONDS) -> None:
        """Let the time pass until the next look, and the look with it."""
        self.time += seconds
        for each in self._sleeping:
            if not each.done():
                each.set_result(None)
        self._sleeping.clear()
        await self.settle()


def calls_of(provider: Provider, ended: Ended, news: Any, *, keys: Keys | None = None) -> Calls:
    return Calls(
        keys=keys or Keys(),
        provider=provider,
        limiter=Turns(),
        ended=ended,
        refused=RefusedParts(),
        grant="g",
        claim=7,
        account="ada",
        dice=lambda: 0.5,
        file=news,
    )


@pytest.mark.parametrize("rows", [1, 1000])
async def test_rows_cost_no_requests(rows: int) -> None:
    world = World()
    async with world.watch().of(claim()) as news:
        await world.settle()
        calls = calls_of(Provider([Answer(("Hello",))]), Ended(), news)
        for row in range(rows):
            assert (await calls.call(row, 0, settings=SETTINGS, rate_key="p", prompt="Hi")).texts
        assert world.checks == 1
        await world.look()
        assert world.checks == 2


async def test_all_shards_of_a_job_share_one_look() -> None:
    world = World()
    watch = world.watch()
    async with watch.of(claim(number=0)) as one, watch.of(claim(number=1)) as two, watch.of(claim("other")):
        await world.settle()
        assert one is two
        assert world.checks == 2


async def test_nobody_asks_once_the_last_shard_has_left() -> None:
    world = World()
    watch = world.watch()
    async with watch.of(claim()), watch.of(claim(number=1)):
        await world.settle()
    await world.look()
    assert world.checks == 1


@pytest.mark.promise("S42")
async def test_a_deleted_file_ends_its_job_at_the_next_look() -> None:
    world = World()
    async with world.watch().of(claim()):
        await world.settle()
        world.said = GONE
        await world.look()
    ((job, ending),) = world.ended
    assert isinstance(ending, Fail)
    assert (job, ending.reason) == ("j", "FILE_DELETED")


async def test_a_shard_that_comes_after_the_end_is_told_as_well() -> None:
    world = World(said=RemoteError("GRANT_EXPIRED", Kind.UNAUTHENTICATED, ""))
    async with world.watch().of(claim()):
        await world.settle()
        await world.look()
    assert [type(ending) for _, ending in world.ended] == [Pause, Pause]


@pytest.mark.promise("S42")
async def test_no_call_starts_without_fresh_news() -> None:
    world, ended, provider = World(), Ended(), Provider([Answer(("Hello",))])
    async with world.watch().of(claim()) as news:
        await world.settle()
        world.said = Unavailable()
        await world.look(FRESH_SECONDS)
        keys = Keys()
        calls = calls_of(provider, ended, news, keys=keys)
        calling = asyncio.ensure_future(calls.call(3, 0, settings=SETTINGS, rate_key="p", prompt="Hi"))
        await world.settle()
        assert (provider.asked, keys.uses, calling.done()) == (0, [], False)
        # Files is back, and the file is there: the call that waited starts.
        world.said = None
        await world.look()
        assert (await calling).texts == ("Hello",)
    assert world.ended == []


async def test_a_key_that_came_after_the_news_grew_old_is_not_used() -> None:
    world, ended, provider = World(), Ended(), Provider([Answer(("Hello",))])

    class SlowKeys(Keys):
        async def release(self, grant: str, use: Any) -> Any:
            world.time += FRESH_SECONDS * (use.attempt == 1)
            return await super().release(grant, use)

    keys = SlowKeys()
    async with world.watch().of(claim()) as news:
        await world.settle()
        calls = calls_of(provider, ended, news, keys=keys)
        calling = asyncio.ensure_future(calls.call(3, 0, settings=SETTINGS, rate_key="p", prompt="Hi"))
        await world.settle()
        assert (provider.asked, len(keys.uses)) == (0, 1)
        await world.look()
        called = await calling
        assert (called.texts, provider.asked, len(keys.uses)) == (("Hello",), 1, 2)


@pytest.mark.parametrize("error", [Unavailable(), RuntimeError("a fault of ours")])
async def test_files_that_stay_away_free_the_workers_place(error: Exception) -> None:
    world = World(said=error)
    async with world.watch().of(claim()):
        await world.settle()
        assert world.ended == []
        await world.look(PATIENCE_SECONDS + 1)
    ((job, ending),) = world.ended
    assert (job, type(ending)) == ("j", Again)


async def test_a_call_that_waits_for_news_ends_with_the_work() -> None:
    world, ended = World(said=Unavailable()), Ended()
    async with world.watch().of(claim()) as news:
        await world.settle()
        calls = calls_of(Provider([Answer(("Hello",))]), ended, news)
        calling = asyncio.ensure_future(calls.call(3, 0, settings=SETTINGS, rate_key="p", prompt="Hi"))
        await world.settle()
        ended.end(Again(5.0))
        assert (await calling).texts is None
