"""API keys in the vault's database."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.database import transaction
from services.common.identity import Passport
from services.common.key_kinds import KeyKind
from services.common.paging import Position
from services.common.store import idempotency
from services.common.store.generations import lock_generation, require_current, set_generation
from services.common.suspension import Suspended
from services.vault.api_keys.api_keys import ApiKey, Repeat, SealedSecret, TestResult
from services.vault.api_keys.place import KeyRow
from services.vault.keys.account_keys import Epoch
from services.vault.models import account_generation, api_keys, repeated

_COLUMNS = (
    api_keys.c.account,
    api_keys.c.id,
    api_keys.c.label,
    api_keys.c.hint,
    api_keys.c.base_url,
    api_keys.c.active,
    api_keys.c.create_time,
    api_keys.c.last_used_time,
    api_keys.c.last_test_result,
    api_keys.c.last_tested_time,
    api_keys.c.kind,
    api_keys.c.timeout_seconds,
)


@dataclass(frozen=True, slots=True)
class ApiKeyStore:
    """Stores provider keys."""

    sessions: async_sessionmaker[AsyncSession]

    async def add(
        self, person: Passport, new: ApiKey, *, repeat: Repeat, seal: Callable[[int], Awaitable[SealedSecret]]
    ) -> ApiKey | None:
        async with transaction(self.sessions) as session:
            await require_current(session, person)
            # One at a time per account: counting and choosing the active key must not interleave.
            await _lock_account(session, new.account)
            id_ = await idempotency.claim(
                session,
                repeated,
                account=new.account,
                method=repeat.method,
                key=repeat.key,
                content=repeat.digest,
                resource=new.id,
            )
            if id_ != new.id:
                return await _one(session, new.account, id_)
            stored, active = (
                await session.execute(
                    select(func.count(), func.coalesce(func.bool_or(api_keys.c.active), False)).where(
                        api_keys.c.account == new.account
                    )
                )
            ).one()
            sealed = await seal(stored)
            await session.execute(insert(api_keys).values(**_values(new, sealed) | {"active": not active}))
            return await _one(session, new.account, new.id)

    async def replace(self, key: ApiKey, sealed: SealedSecret) -> None:
        values = _values(key, sealed)
        new = upsert(api_keys).values(**values)
        async with transaction(self.sessions) as session:
            await session.execute(new.on_conflict_do_update(index_elements=["account", "id"], set_=values))

    async def get(self, account: str, id: str) -> ApiKey | None:
        async with transaction(self.sessions) as session:
            return await _one(session, account, id)

    async def active(self, account: str) -> ApiKey | None:
        async with transaction(self.sessions) as session:
            found = await session.execute(
                select(*_COLUMNS).where(api_keys.c.account == account, api_keys.c.active)
            )
            return _key(found.first())

    async def page(self, account: str, after: Position | None, count: int) -> Sequence[ApiKey]:
        wanted = select(*_COLUMNS).where(api_keys.c.account == account)
        order = tuple_(api_keys.c.create_time, api_keys.c.id)
        if after is not None:
            wanted = wanted.where(order < tuple_(literal(after.create_time), literal(after.id)))
        wanted = wanted.order_by(api_keys.c.create_time.desc(), api_keys.c.id.desc()).limit(count)
        async with transaction(self.sessions) as session:
            return [key for row in await session.execute(wanted) if (key := _key(row))]

    async def activate(self, person: Passport, id: str) -> ApiKey | None:
        account = person.account
        async with transaction(self.sessions) as session:
            await require_current(session, person)
            await _lock_account(session, account)
            if await _one(session, account, id) is None:
                return None
            of_account = api_keys.c.account == account
            await session.execute(update(api_keys).where(of_account, api_keys.c.active).values(active=False))
            await session.execute(update(api_keys).where(of_account, api_keys.c.id == id).values(active=True))
            return await _one(session, account, id)

    async def suspend(
        self, account: str, generation: int, *, record: Callable[[str], Awaitable[None]]
    ) -> Suspended:
        async with transaction(self.sessions) as session:
            known = await lock_generation(session, account_generation, account)
            if known is not None and known.generation >= generation:
                return known.suspended
            active = (api_keys.c.account == account) & api_keys.c.active
            ids = list(await session.scalars(select(api_keys.c.id).where(active).with_for_update()))
            for id_ in ids:
                # On record before it is done, as every change of a key is.
                await record(id_)
            await session.execute(update(api_keys).where(active).values(active=False))
            suspended = Suspended(api_keys=len(ids))
            await set_generation(session, account_generation, account, generation, suspended)
            return suspended

    async def under_older(self, epoch: Epoch, *, most: int) -> list[KeyRow]:
        """Return an account's keys that are sealed under an epoch before this one."""
        columns = api_keys.c
        wanted = (
            select(
                columns.account,
                columns.id,
                columns.base_url,
                columns.suite,
                columns.epoch,
                columns.generation,
                columns.blob,
                columns.kind,
                columns.timeout_seconds,
            )
            .where(columns.account == epoch.account, columns.epoch < epoch.number)
            .order_by(columns.id)
            .limit(most)
        )
        async with transaction(self.sessions) as session:
            return [KeyRow.of(row) for row in await session.execute(wanted)]

    async def reseal(self, old: KeyRow, new: KeyRow) -> None:
        """Replace a blob if it is still the old one."""
        columns = api_keys.c
        there = (columns.account == old.place.account) & (columns.id == old.place.id)
        async with transaction(self.sessions) as session:
            await session.execute(
                update(api_keys)
                .where(there, columns.epoch == old.epoch, columns.blob == old.blob)
                .values(epoch=new.epoch, blob=new.blob)
            )

    async def note_test(self, account: str, id: str, result: TestResult, time: datetime) -> bool:
        async with transaction(self.sessions) as session:
            noted = await session.execute(
                update(api_keys)
                .where(api_keys.c.account == account, api_keys.c.id == id)
                .values(last_test_result=result.value, last_tested_time=time)
                .returning(api_keys.c.id)
            )
            return noted.first() is not None


async def _lock_account(session: AsyncSession, account: str) -> None:
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('smelt/apiKeys/' || :account, 0))"),
        {"account": account},
    )


async def _one(session: AsyncSession, account: str, id: str) -> ApiKey | None:
    found = await session.execute(select(*_COLUMNS).where(api_keys.c.account == account, api_keys.c.id == id))
    return _key(found.first())


def _key(row: Any) -> ApiKey | None:
    if row is None:
        return None
    values = dict(row._mapping)
    if values["last_test_result"] is not None:
        values["last_test_result"] = TestResult(values["last_test_result"])
    return ApiKey(**values | {"kind": KeyKind(values["kind"])})


def _values(key: ApiKey, sealed: SealedSecret) -> dict[str, Any]:
    return {
        "account": key.account,
        "id": key.id,
        "label": key.label,
        "hint": key.hint,
        "base_url": key.base_url,
        "kind": key.kind.value,
        "timeout_seconds": key.timeout_seconds,
        "active": key.active,
        "create_time": key.create_time,
        "last_used_time": None,
        "last_test_result": None,
        "last_tested_time": None,
        "suite": sealed.suite,
        "epoch": sealed.epoch,
        "generation": sealed.generation,
        "blob": sealed.blob,
    }
