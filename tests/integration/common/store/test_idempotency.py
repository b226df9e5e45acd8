"""Idempotency keys against a real Postgres: repeated, raced, reused."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import MetaData, text
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
    sessions: async_sessionmaker[AsyncSession],
    key: str,
    resource: str,
    content: bytes = b"x",
    account: str = "a",
) -> str:
    async with sessions.begin() as session:
        return await idempotency.claim(
            session,
            KEYS,
            account=account,
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


@pytest.mark.promise("S43")
async def test_keys_of_a_day_are_bounded_for_each_account_and_repetitions_go_on(
    sessions: async_sessionmaker[AsyncSession],
) -> None:
    fill = text(
        "INSERT INTO idempotency SELECT 'full', 'm', 'k' || n, decode(:digest, 'hex'), 'r',"
        " now() - n % 2 * interval '25 hours' FROM generate_series(1, :count) AS n"
    )
    async with sessions.begin() as session:
        about = {"count": 2 * idempotency.MOST_KEYS, "digest": idempotency.digest(b"x").hex()}
        await session.execute(fill, about)
    # Half of them are older than a day.
    with pytest.raises(idempotency.IdempotencyKeyLimit):
        await claim(sessions, "new", "x", account="full")
    assert await claim(sessions, "k2", "x", account="full") == "r"
    assert await claim(sessions, "new", "x", account="other") == "x"
    async with sessions.begin() as session:
        await session.execute(text("DELETE FROM idempotency WHERE account = 'full' AND key = 'k4'"))
    assert await claim(sessions, "new", "x", account="full") == "x"
