"""The generation of each account's access that is valid now, as far as a service was told.

A passport lives for minutes, so a request that was let in before its session ended may arrive after what the
account had was suspended; its sender can even hold its body back. What such a request makes would act
on its own from then on, so it is refused by the generation in its passport. Both sides take one lock per
account: what is made before the suspension is suspended with the rest, and what comes later is refused.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.common.database import Connection
from services.common.errors import Unauthenticated
from services.common.identity import Passport
from services.common.suspension import Suspended

_LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended('smelt/generation/' || {account}, 0))"
_NEWEST = "SELECT generation FROM account_generation WHERE account = {account}"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('smelt/generation/' || :account, 0))"


def table(metadata: MetaData) -> Table:
    """Add the table to a service's metadata."""
    return Table(
        "account_generation",
        metadata,
        Column("account", Text, primary_key=True),
        Column("generation", BigInteger, nullable=False),
        # What was suspended when the generation began, for a repeated call.
        Column("webhooks", Integer, nullable=False),
        Column("jobs", Integer, nullable=False),
        Column("api_keys", Integer, nullable=False),
    )


def check_current(person: Passport, newest: int | None) -> None:
    """Raise Unauthenticated for a passport of an older generation than the newest."""
    if newest is not None and person.generation is not None and person.generation < newest:
        raise Unauthenticated


async def require_current(session: AsyncSession, person: Passport) -> None:
    """Raise Unauthenticated for a passport from before the account's last suspension.

    Call it first in the transaction that makes something which acts by itself. The lock is held to its end.
    """
    about = {"account": person.account}
    await session.execute(text(_LOCK_SHARED.format(account=":account")), about)
    check_current(person, await session.scalar(text(_NEWEST.format(account=":account")), about))


async def require_current_raw(connection: Connection, person: Passport) -> None:
    """Do what `require_current` does on a raw connection, in its transaction."""
    about = {"account": person.account}
    await connection.execute(_LOCK_SHARED.format(account="%(account)s").encode(), about)
    found = await connection.execute(_NEWEST.format(account="%(account)s").encode(), about)
    row = await found.fetchone()
    check_current(person, None if row is None else row[0])


@dataclass(frozen=True, slots=True)
class Known:
    """What was suspended for the newest generation that a service was told."""

    generation: int
    suspended: Suspended


async def lock_generation(session: AsyncSession, of: Table, account: str) -> Known | None:
    """Lock an account's generation to the end of the transaction; return what is known of it."""
    await session.execute(text(_LOCK), {"account": account})
    columns = of.c
    wanted = select(columns.generation, columns.webhooks, columns.jobs, columns.api_keys).where(
        columns.account == account
    )
    row = (await session.execute(wanted)).one_or_none()
    return None if row is None else Known(row[0], Suspended(*row[1:]))


async def set_generation(
    session: AsyncSession, into: Table, account: str, generation: int, suspended: Suspended
) -> None:
    """Store the newest generation with what was suspended for it; the caller holds the lock."""
    values = {
        "generation": generation,
        "webhooks": suspended.webhooks,
        "jobs": suspended.jobs,
        "api_keys": suspended.api_keys,
    }
    await session.execute(
        insert(into)
        .values(account=account, **values)
        .on_conflict_do_update(index_elements=["account"], set_=values)
    )
