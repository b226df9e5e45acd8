"""Custom variables in Postgres."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.paging import Position
from services.common.store import idempotency
from services.common.store.room import check_room
from services.processor.models import IDEMPOTENCY, VariableRow
from services.processor.templates.errors import VariableExists, VariableLimit, VariableNotFound
from services.processor.templates.variables import MOST_VARIABLES, CustomVariable

_METHOD = "CreateVariable"


class VariableStore:
    """Variables by account and id; another account's variables do not exist here."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def add(self, variable: CustomVariable, key: str, content: bytes) -> CustomVariable:
        """Store a variable; for a repeated Idempotency-Key, return what the first request stored."""
        try:
            async with self._sessions.begin() as session:
                id_ = await idempotency.claim(
                    session,
                    IDEMPOTENCY,
                    account=variable.account,
                    method=_METHOD,
                    key=key,
                    content=content,
                    resource=variable.id,
                )
                if id_ != variable.id:
                    return await _get(session, variable.account, id_)
                await check_room(
                    session,
                    VariableRow.account,
                    account=variable.account,
                    most=MOST_VARIABLES,
                    full=VariableLimit,
                )
                await session.execute(insert(VariableRow).values(**_values(variable)))
        except IntegrityError:
            raise VariableExists from None
        return variable

    async def get(self, account: str, id_: str) -> CustomVariable:
        """Return a variable; raise VariableNotFound."""
        async with self._sessions() as session:
            return await _get(session, account, id_)

    async def values(self, account: str, folded: Collection[str]) -> dict[str, str]:
        """Return the values of the account's variables with these folded keys, by key."""
        query = select(VariableRow.key, VariableRow.value).where(
            VariableRow.account == account, VariableRow.folded.in_(folded)
        )
        async with self._sessions() as session:
            return {row.key: row.value for row in await session.execute(query)}

    async def page(self, account: str, after: Position | None, count: int) -> list[CustomVariable]:
        """Return up to `count` variables, newest first, that come after a position."""
        query = select(VariableRow).where(VariableRow.account == account)
        if after is not None:
            query = query.where(
                tuple_(VariableRow.create_time, VariableRow.id) < tuple_(after.create_time, after.id)
            )
        query = query.order_by(VariableRow.create_time.desc(), VariableRow.id.desc()).limit(count)
        async with self._sessions() as session:
            return [_variable(row) for row in await session.scalars(query)]

    async def replace(self, variable: CustomVariable) -> None:
        """Store the new value of a variable; raise VariableNotFound."""
        changed = update(VariableRow).where(
            VariableRow.account == variable.account, VariableRow.id == variable.id
        )
        async with self._sessions.begin() as session:
            done = await session.execute(
                changed.values(value=variable.value, update_time=variable.update_time).returning(
                    VariableRow.id
                )
            )
            if done.first() is None:
                raise VariableNotFound

    async def remove(self, account: str, id_: str) -> None:
        """Remove a variable; raise VariableNotFound."""
        removal = delete(VariableRow).where(VariableRow.account == account, VariableRow.id == id_)
        async with self._sessions.begin() as session:
            if (await session.execute(removal.returning(VariableRow.id))).first() is None:
                raise VariableNotFound


async def _get(session: AsyncSession, account: str, id_: str) -> CustomVariable:
    query = select(VariableRow).where(VariableRow.account == account, VariableRow.id == id_)
    row = (await session.scalars(query)).one_or_none()
    if row is None:
        raise VariableNotFound
    return _variable(row)


def _variable(row: VariableRow) -> CustomVariable:
    return CustomVariable(
        id=row.id,
        account=row.account,
        key=row.key,
        value=row.value,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _values(variable: CustomVariable) -> dict[str, Any]:
    return {**asdict(variable), "folded": variable.folded}
