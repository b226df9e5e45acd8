"""A reset whose process dies at one of its lines: another process carries the suspension through, once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
import pytest

from services.auth.due.store import DueStore
from services.auth.due.work import Claim
from services.auth.opaque_tokens import NewToken, make
from services.auth.passwords.passwords import StoredPassword
from services.auth.recovery.store.passwords import PasswordStore
from services.auth.recovery.store.suspensions import SUSPENSIONS_DUE, SuspensionStore
from services.auth.recovery.suspension import Suspension, suspending
from services.common import database
from services.common.database import Transactions
from services.common.errors import Unavailable
from services.common.suspension import Suspended
from tests.support.stores import Database, Databases

NEW = StoredPassword("bcrypt12-hmac-sha384", "p1", "new")
LINES = [
    "after the commit",
    "before the work is read",
    "before it is asked",
    "after it is done",
    "before it is noted",
    "after it is noted",
]


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Holder:
    """A service that suspends two webhooks, once for each generation, and counts how often it was asked."""

    dies: str = ""
    asked: list[int] = field(default_factory=list)
    suspended: list[int] = field(default_factory=list)

    async def suspend_earlier(self, account: str, generation: int) -> Suspended:
        if self.dies == "before it is asked":
            raise Killed
        self.asked.append(generation)
        if generation not in self.suspended:
            self.suspended.append(generation)
        if self.dies == "after it is done":
            raise Killed
        return Suspended(webhooks=2)


class Records(SuspensionStore):
    """The store of a process that may die at one of its lines."""

    def __init__(self, transactions: Transactions, dies: str = "") -> None:
        super().__init__(transactions)
        self._dies = dies

    async def generation(self, claim: Claim) -> int | None:
        if self._dies == "before the work is read":
            raise Killed
        return await super().generation(claim)

    async def finish(self, claim: Claim, suspended: Suspended) -> None:
        if self._dies == "before it is noted":
            raise Killed
        await super().finish(claim, suspended)
        if self._dies == "after it is noted":
            raise Killed


@pytest.fixture(scope="module")
async def stored(databases: Databases) -> AsyncIterator[tuple[Database, Transactions]]:
    with databases.fresh("auth") as made:
        engine = database.engine(made.url)
        yield made, database.sessions(engine)
        await engine.dispose()


def execute(made: Database, statement: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(made.conninfo, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []


def asked_for(made: Database, account: str) -> NewToken:
    """Make an account for which a reset link was mailed; return the link's token."""
    token = make(lambda count: account.encode().ljust(count, b"."))
    execute(
        made,
        "INSERT INTO account VALUES (%s, %s, 'active', now(), 'bcrypt12-hmac-sha384', 'p1', '-')",
        account,
        f"{account}@example.com",
    )
    execute(
        made,
        "INSERT INTO mailed_token VALUES (%s, 'password-reset', %s, now(), now() + interval '1 hour')",
        account,
        token.digest,
    )
    return token


@pytest.mark.promise("S25")
@pytest.mark.parametrize("line", LINES)
async def test_killed_at_any_line_it_is_carried_through_by_another_process(
    stored: tuple[Database, Transactions], line: str
) -> None:
    made, transactions = stored
    account = line.replace(" ", "")
    secured = await PasswordStore(transactions).reset(
        asked_for(made, account).digest, NEW, now=datetime.now(UTC)
    )
    assert secured is not None
    holder = Holder(dies=line)
    if line != "after the commit":
        with pytest.raises(Killed):
            await Suspension(Records(transactions, line), {"processor": holder}).at_once(secured)
    # Another process looks for work. It finds none while the first may still be at it.
    holder.dies = ""
    another = suspending(
        Suspension(Records(transactions), {"processor": holder}),
        DueStore(transactions, SUSPENSIONS_DUE),
        claim_seconds=30,
    )
    assert not await another.once()
    execute(made, "UPDATE suspension SET next_time = now() WHERE account = %s", account)
    assert await another.once() == (line != "after it is noted")
    assert not await another.once()
    assert holder.suspended == [2]
    assert set(holder.asked) == {2}
    assert execute(made, "SELECT 1 FROM suspension WHERE account = %s", account) == []
    # Its mail tells the count, and waits no longer.
    (told,) = execute(
        made,
        "SELECT facts ->> 'webhooks', next_try_time <= now() FROM mail WHERE recipient = %s",
        f"{account}@example.com",
    )
    assert told == ("2", True)


async def test_work_that_a_newer_reset_has_replaced_ends_nothing_of_it(
    stored: tuple[Database, Transactions],
) -> None:
    made, transactions = stored
    passwords, records = PasswordStore(transactions), SuspensionStore(transactions)
    older = await passwords.reset(asked_for(made, "twice").digest, NEW, now=datetime.now(UTC))
    execute(
        made,
        "INSERT INTO mailed_token VALUES ('twice', 'password-reset', 'd', now(), now() + interval '1 hour')",
    )
    newer = await passwords.reset(b"d", NEW, now=datetime.now(UTC))
    assert older is not None
    assert older.claim is not None
    assert newer is not None
    assert newer.claim is not None
    assert await records.generation(older.claim) is None
    await records.finish(older.claim, Suspended(webhooks=9))
    assert await records.generation(newer.claim) == 3
    await records.finish(newer.claim, Suspended())
    # The account's deletion would have taken it along as well.
    assert execute(made, "SELECT 1 FROM suspension WHERE account = 'twice'") == []


async def test_a_service_that_is_down_keeps_no_other_from_its_work(
    stored: tuple[Database, Transactions],
) -> None:
    class Down:
        async def suspend_earlier(self, account: str, generation: int) -> Suspended:
            raise Unavailable

    made, transactions = stored
    secured = await PasswordStore(transactions).reset(
        asked_for(made, "half").digest, NEW, now=datetime.now(UTC)
    )
    assert secured is not None
    assert secured.claim is not None
    up = Holder()
    suspension = Suspension(SuspensionStore(transactions), {"vault": Down(), "processor": up})
    with pytest.raises(Unavailable):
        await suspension.perform(secured.claim)
    assert up.suspended == [2]
    assert (await suspension.at_once(secured)).pending
    execute(made, "DELETE FROM account WHERE id = 'half'")
    assert execute(made, "SELECT 1 FROM suspension WHERE account = 'half'") == []
