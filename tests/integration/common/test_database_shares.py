"""Connections in a real Postgres: one account's statements, however many, leave some to everybody else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from services.common import database, identity
from services.common.database import ACCOUNT_SHARE, Transactions, engine, raw_pool, sessions
from services.common.identity import Call, Passport
from tests.support.stores import Database

pytestmark = pytest.mark.promise("S43")
SIZE = 4
MANY = 20
Hold = Callable[[asyncio.Event], Awaitable[None]]


def enter(account: str) -> None:
    person = Passport(account, "session", ("read",), "token") if account else None
    identity.enter(Call("/m", "gateway", passport=person))


@pytest.fixture(params=["engine", "pool"])
async def hold(
    request: pytest.FixtureRequest, fresh_database: Callable[[str], Database]
) -> AsyncIterator[Hold]:
    """Take a connection and keep it until the event."""
    opened = AsyncExitStack()
    url = fresh_database("processor").url
    if request.param == "engine":
        own = engine(url, pool_size=SIZE // 2)
        opened.push_async_callback(own.dispose)
        factory: Transactions = sessions(own)

        async def by_engine(end: asyncio.Event) -> None:
            async with factory.begin() as session:
                await session.execute(text("SELECT 1"))
                await end.wait()

        yield by_engine
    else:
        pool = raw_pool(url, high=SIZE)
        await pool.open()
        opened.push_async_callback(pool.close)

        async def by_pool(end: asyncio.Event) -> None:
            async with pool.connection() as connection:
                await connection.execute("SELECT 1")
                await end.wait()

        yield by_pool
    await opened.aclose()


async def _asked(hold: Hold, account: str, end: asyncio.Event, got: list[str]) -> None:
    enter(account)

    class Noted(asyncio.Event):
        async def wait(self) -> bool:  # type: ignore[override]
            got.append(account)
            return await end.wait()

    await hold(Noted())


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.01)


async def test_an_account_that_holds_all_it_can_keeps_no_other_waiting(hold: Hold) -> None:
    end, got = asyncio.Event(), list[str]()
    eves = [asyncio.create_task(_asked(hold, "eve", end, got)) for _ in range(MANY)]
    await until(lambda: got.count("eve") == ACCOUNT_SHARE)
    others = [asyncio.create_task(_asked(hold, account, end, got)) for account in ("ada", "")]
    await until(lambda: {"ada", ""} <= set(got))
    assert got.count("eve") == ACCOUNT_SHARE
    # Callers that leave while they wait take nothing along.
    for task in eves[-5:]:
        task.cancel()
    end.set()
    await asyncio.gather(*eves[:-5], *others)
    assert got.count("eve") == MANY - 5
    assert database.ACCOUNT_SHARE < SIZE


async def test_a_failed_statement_gives_its_place_back(hold: Hold) -> None:
    class Failing(asyncio.Event):
        async def wait(self) -> bool:  # type: ignore[override]
            raise ValueError

    enter("eve")
    for _ in range(3 * ACCOUNT_SHARE):
        with pytest.raises(ValueError):
            await hold(Failing())
    end, got = asyncio.Event(), list[str]()
    end.set()
    await _asked(hold, "eve", end, got)
    assert got == ["eve"]
