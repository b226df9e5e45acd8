"""Templates in Postgres."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.paging import Position
from services.common.store import idempotency
from services.common.store.room import check_room
from services.processor.models import IDEMPOTENCY, TemplateRow
from services.processor.templates.errors import TemplateLimit, TemplateNotFound
from services.processor.templates.prompt_settings import NAMES, PromptSettings
from services.processor.templates.template import MOST_READ, Template, TemplateFields

_METHOD = "CreateTemplate"


class TemplateStore:
    """Templates by account and id; another account's templates do not exist here."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def add(self, template: Template, key: str, content: bytes, *, most: int) -> Template:
        """Store a template; for a repeated Idempotency-Key, return what the first request stored.

        Raises TemplateLimit if the account has `most` already.
        """
        async with self._sessions.begin() as session:
            id_ = await idempotency.claim(
                session,
                IDEMPOTENCY,
                account=template.account,
                method=_METHOD,
                key=key,
                content=content,
                resource=template.id,
            )
            if id_ != template.id:
                return await _get(session, template.account, id_)
            await check_room(
                session, TemplateRow.account, account=template.account, most=most, full=TemplateLimit
            )
            await session.execute(insert(TemplateRow).values(**_values(template)))
        return template

    async def get(self, account: str, id_: str) -> Template:
        """Return a template; raise TemplateNotFound."""
        async with self._sessions() as session:
            return await _get(session, account, id_)

    async def get_many(self, account: str, ids: list[str]) -> list[Template]:
        """Return templates in the order of their ids; raise TemplateNotFound naming the missing one."""
        found: dict[str, Template] = {}
        for first in range(0, len(ids), MOST_READ):
            some = TemplateRow.id.in_(ids[first : first + MOST_READ])
            async with self._sessions() as session:
                rows = await session.scalars(select(TemplateRow).where(TemplateRow.account == account, some))
                found |= {row.id: _template(row) for row in rows}
        for id_ in ids:
            if id_ not in found:
                raise TemplateNotFound(template=f"templates/{id_}")
        return [found[id_] for id_ in ids]

    async def page(self, account: str, after: Position | None, count: int) -> list[Template]:
        """Return up to `count` templates, newest first, that come after a position."""
        query = select(TemplateRow).where(TemplateRow.account == account)
        if after is not None:
            query = query.where(
                tuple_(TemplateRow.create_time, TemplateRow.id) < tuple_(after.create_time, after.id)
            )
        query = query.order_by(TemplateRow.create_time.desc(), TemplateRow.id.desc()).limit(count)
        async with self._sessions() as session:
            return [_template(row) for row in await session.scalars(query)]

    async def models(self, account: str, most: int) -> list[str]:
        """Return up to `most` models of an account's templates, those of the newest first."""
        newest = func.max(TemplateRow.create_time).desc()
        query = select(TemplateRow.model).where(TemplateRow.account == account).group_by(TemplateRow.model)
        async with self._sessions() as session:
            return list(await session.scalars(query.order_by(newest, TemplateRow.model).limit(most)))

    async def newest_of(self, account: str, models: Sequence[str]) -> list[Template]:
        """Return the newest template of each model that has one; at most MOST_READ models."""
        query = (
            select(TemplateRow)
            .where(TemplateRow.account == account, TemplateRow.model.in_(models))
            .distinct(TemplateRow.model)
            .order_by(TemplateRow.model, TemplateRow.create_time.desc(), TemplateRow.id)
        )
        async with self._sessions() as session:
            return [_template(row) for row in await session.scalars(query)]

    async def replace(self, template: Template) -> None:
        """Store new values of a template; raise TemplateNotFound."""
        changed = update(TemplateRow).where(
            TemplateRow.account == template.account, TemplateRow.id == template.id
        )
        async with self._sessions.begin() as session:
            done = await session.execute(changed.values(**_values(template)).returning(TemplateRow.id))
            if done.first() is None:
                raise TemplateNotFound

    async def remove(self, account: str, id_: str) -> None:
        """Remove a template; raise TemplateNotFound."""
        removal = delete(TemplateRow).where(TemplateRow.account == account, TemplateRow.id == id_)
        async with self._sessions.begin() as session:
            if (await session.execute(removal.returning(TemplateRow.id))).first() is None:
                raise TemplateNotFound


async def _get(session: AsyncSession, account: str, id_: str) -> Template:
    query = select(TemplateRow).where(TemplateRow.account == account, TemplateRow.id == id_)
    row = (await session.scalars(query)).one_or_none()
    if row is None:
        raise TemplateNotFound
    return _template(row)


def _template(row: TemplateRow) -> Template:
    return Template(
        id=row.id,
        account=row.account,
        fields=TemplateFields(
            row.display_name,
            row.category,
            PromptSettings.from_document({name: getattr(row, name) for name in NAMES}),
        ),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _values(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "account": template.account,
        "create_time": template.create_time,
        "update_time": template.update_time,
        **template.fields.document(),
    }
