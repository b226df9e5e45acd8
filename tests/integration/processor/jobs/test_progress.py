"""Announcements and parks through Valkey, and the same without it."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator

import pytest

from deploy.local.valkey import Valkey
from services.processor.jobs.announcements import Announcements
from services.processor.provider.parks import Parks
from services.processor.provider.rate_key import rate_key
from services.processor.valkey import connect
from tests.support.patience import PATIENCE_SECONDS
from tests.support.ports import free_port

LONG_SECONDS = 600.0


@pytest.fixture
async def dead_url() -> AsyncIterator[str]:
    yield f"redis://127.0.0.1:{free_port()}/0"


async def test_a_change_wakes_watchers_in_another_process(valkey: Valkey) -> None:
    job = secrets.token_hex(8)
    async with connect(valkey.url()) as here, connect(valkey.url()) as there:
        listening = Announcements(there)
        following = asyncio.ensure_future(listening.follow())
        with listening.listen(job) as changed:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not changed.is_set():
                    Announcements(here).announce(job, urgent=True)
                    await asyncio.sleep(0.02)
        following.cancel()


async def test_parks_are_known_to_all_workers_now_and_later(valkey: Valkey) -> None:
    here_key, there_key = rate_key(secrets.token_hex(8), "m"), rate_key(secrets.token_hex(8), "m")
    async with connect(valkey.url()) as here, connect(valkey.url()) as there:
        parks, others = Parks(here), Parks(there)
        await parks.park(here_key, LONG_SECONDS)
        assert 0 < parks.seconds_left(here_key) <= LONG_SECONDS
        # This park began before the other worker listened.
        await others.recall(here_key)
        assert LONG_SECONDS / 2 < others.seconds_left(here_key) <= LONG_SECONDS
        following = asyncio.ensure_future(others.follow())
        async with asyncio.timeout(PATIENCE_SECONDS):
            # Parks that are announced before the other worker listens are lost, so longer ones follow.
            for more in itertools.count():
                await parks.park(there_key, LONG_SECONDS + more)
                await asyncio.sleep(0.02)
                if others.seconds_left(there_key):
                    break
        assert others.seconds_left(there_key) > LONG_SECONDS / 2
        following.cancel()


async def test_a_longer_park_is_not_shortened_and_ends_by_itself(valkey: Valkey) -> None:
    where, now = rate_key(secrets.token_hex(8), "m"), 1000.0
    async with connect(valkey.url()) as redis:
        parks = Parks(redis, clock=lambda: now)
        await parks.park(where, 3.0)
        await parks.park(where, 0.5)
        assert parks.seconds_left(where) == 3.0
        now += 3.1
        assert parks.seconds_left(where) == 0


async def test_without_valkey_nothing_fails_and_parks_hold_here(dead_url: str) -> None:
    async with connect(dead_url) as redis:
        parks, announcements = Parks(redis), Announcements(redis)
        announcements.announce("job", urgent=True)
        await parks.recall("key")
        await parks.park("key", LONG_SECONDS)
        assert parks.seconds_left("key") > LONG_SECONDS / 2
        following = asyncio.ensure_future(announcements.follow())
        await asyncio.sleep(0.2)
        assert not following.done()
        following.cancel()
