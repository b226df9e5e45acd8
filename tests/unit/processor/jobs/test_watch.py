"""Watching a job without announcements."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from services.common.identity import Passport
from services.processor.jobs import watch
from services.processor.jobs.errors import JobNotFound
from services.processor.jobs.job import Job, State
from services.processor.jobs.watch import Watch
from tests.unit.processor.jobs.test_job_view import JOB

ADA = Passport("ada", "session", ("read",), "token")


class Silence:
    """Announces nothing, like a lost Valkey."""

    @contextmanager
    def listen(self, job: str) -> Iterator[asyncio.Event]:
        yield asyncio.Event()


class Store:
    """Returns one state after the other, then the last one for ever."""

    def __init__(self, *states: Job) -> None:
        self._states = list(states)

    async def get(self, account: str, id_: str) -> Job:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "SHORTEST_SECONDS", 0.0)
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.001)


async def test_changes_are_seen_by_looking_and_each_is_said_once() -> None:
    more, done = replace(JOB, succeeded=50), replace(JOB, succeeded=95, state=State.COMPLETED)
    seen = [job async for job in Watch(Store(JOB, JOB, JOB, more, more, done), Silence()).follow(ADA, "a")]
    assert seen == [JOB, more, done]


async def test_a_job_that_has_ended_is_said_once() -> None:
    done = replace(JOB, state=State.CANCELLED)
    assert [job async for job in Watch(Store(done), Silence()).follow(ADA, "a")] == [done]


async def test_a_job_that_stands_still_is_said_again_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LONGEST_SECONDS", 0.02)
    done = replace(JOB, state=State.FAILED)
    seen = [job async for job in Watch(Store(*[JOB] * 60, done), Silence()).follow(ADA, "a")]
    assert seen[-1] == done
    assert len(seen) > 3


class Counted(Store):
    """Counts how often it is asked, and by which callers at once."""

    def __init__(self, *states: Job) -> None:
        super().__init__(*states)
        self.reads = 0

    async def get(self, account: str, id_: str) -> Job:
        self.reads += 1
        await asyncio.sleep(0.001)
        return await super().get(account, id_)


@pytest.mark.promise("S59")
async def test_many_who_watch_one_job_cost_no_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.05)
    done = replace(JOB, state=State.CANCELLED)
    store = Counted(*[JOB] * 5, done)
    following = Watch(store, Silence())

    async def follow() -> list[State]:
        return [job.state async for job in following.follow(ADA, "a")]

    seen = await asyncio.gather(*(follow() for _ in range(300)))
    assert all(states[-1] is State.CANCELLED and len(states) <= 2 for states in seen)
    assert store.reads < 20
    assert following._looks == {}


async def test_who_comes_later_sees_no_older_state() -> None:
    more = replace(JOB, succeeded=50)
    store = Counted(JOB)
    following = Watch(store, Silence())
    first: Any = following.follow(ADA, "a")
    assert (await anext(first)) == JOB
    store._states = [more]
    second: Any = following.follow(ADA, "a")
    assert (await anext(second)).succeeded == 50
    await first.aclose()
    assert len(following._looks) == 1
    await second.aclose()
    assert following._looks == {}


async def test_before_a_stop_every_watch_ends_without_an_error() -> None:
    following = Watch(Store(JOB), Silence())
    begun = asyncio.Event()

    async def follow() -> int:
        seen = 0
        async for _ in following.follow(ADA, "a"):
            seen += 1
            begun.set()
        return seen

    watching = asyncio.ensure_future(follow())
    await begun.wait()
    following.leave()
    assert await watching == 1
    assert following._looks == {}


async def test_a_job_that_is_gone_ends_all_who_watch_it() -> None:
    class Gone(Store):
        async def get(self, account: str, id_: str) -> Job:
            await asyncio.sleep(0)
            raise JobNotFound

    following = Watch(Gone(), Silence())

    async def follow() -> None:
        async for _ in following.follow(ADA, "a"):
            pass

    ends = await asyncio.gather(*(follow() for _ in range(3)), return_exceptions=True)
    assert [type(end) for end in ends] == [JobNotFound] * 3
    assert following._looks == {}
