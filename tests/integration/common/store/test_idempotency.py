"""Idempotency keys against a real Postgres: repeated, raced, reused."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common import database
from services.common.store import idempotency
from tests.support import stores

METADATA = MetaData()
KEYS = idempotency.table(METADATA)


@pytest.fixture(scope="module")
async def sessions(databases: stores.Databases) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    with databases.fresh("processor", migrated=False) as empty:
        engine = database.engine(empty.url)
        async with engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
        yield database.sessions(engine)
        await engine.dispose()


async def claim(
    sessions: async_sessionmaker[AsyncSession], key: str, resource: str, content: bytes = b"x"
) -> str:
    async with sessions.begin() as session:
        return await idempotency.claim(
            session,
            KEYS,
            account="a",
            method="m",
            key=key,
            content=idempotency.digest(content),
            resource=resource,
        )


async def test_a_repeated_key_finds_what_the_first_request_made(
    sessions: async_sessionmaker[AsyncSession],
) -> None:
    assert await claim(sessions, "again", "first") == "first"
    assert await claim(sessions, "again", "second") == "first"


async def test_without_a_key_every_request_makes_something_new(
    sessions: async_sessionmaker[AsyncSession],
) -> None:
    assert await claim(sessions, "", "one") == "one"
    assert await claim(sessions, "", "two") == "two"


async def test_a_key_used_for_another_request_is_refused(sessions: async_sessionmaker[AsyncSession]) -> None:
    await claim(sessions, "reused", "first")
    with pytest.raises(idempotency.IdempotencyKeyReused):
        await claim(sessions, "reused", "second", b"other")


async def test_of_many_at_once_one_wins(sessions: async_sessionmaker[AsyncSession]) -> None:
    answers = await asyncio.gather(*(claim(sessions, "raced", str(n)) for n in range(20)))
    assert len(set(answers)) == 1


async def test_a_request_that_failed_leaves_its_key_free(sessions: async_sessionmaker[AsyncSession]) -> None:
    with pytest.raises(RuntimeError):
        async with sessions.begin() as session:
            await idempotency.claim(
                session, KEYS, account="a", method="m", key="failed", content=b"", resource="lost"
            )
            raise RuntimeError
    assert await claim(sessions, "failed", "kept") == "kept"


@pytest.mark.parametrize("key", ["k" * 256, "line\nbreak"])
async def test_a_key_of_the_wrong_form_is_refused(
    sessions: async_sessionmaker[AsyncSession], key: str
) -> None:
    from services.common.errors import InvalidRequest

    with pytest.raises(InvalidRequest):
        await claim(sessions, key, "x")
