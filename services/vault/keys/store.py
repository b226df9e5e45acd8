"""The key store: wrapped account and system keys, and the newest generation of each object."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.common.database import connection
from services.vault.crypto import key_wrap
from services.vault.keys.account_keys import MOST_USES, AccountKeyRow
from services.vault.keys.installation import Installation
from services.vault.keys.system_keys import SystemKeyRow
from services.vault.keystore_models import account_keys, installation, objects, system_keys

_INIT_LOCK = 7_205_120


# Counting comes first and locks the row. A rotation that has already named another version is seen; one that
# starts now waits until the key is stored and then rewraps it with the others.
_ADD_ACCOUNT_KEY = text("""
WITH counted AS (
    UPDATE installation SET wrapping_uses = wrapping_uses + 1
    WHERE wrapping_version = :version AND wrapping_uses < :most RETURNING 1
), added AS (
    INSERT INTO account_keys (account, epoch, state, wrapped, uses, create_time)
    SELECT :account, 1, 'active', :wrapped, 0, now() FROM counted ON CONFLICT DO NOTHING
)
SELECT count(*) FROM counted
""")
# Bytes 6 to 9 of a wrapped key name the version that it is wrapped under (key_wrap).
_KEYS_LEFT = text("""
SELECT (SELECT count(*) FROM account_keys WHERE substring(wrapped FROM 6 FOR 4) <> int4send(:version))
    + (SELECT count(*) FROM system_keys WHERE substring(wrapped FROM 6 FOR 4) <> int4send(:version))
""")


@dataclass(frozen=True, slots=True)
class KeyStore:
    """The key store behind an engine."""

    engine: AsyncEngine = field(repr=False)

    async def installation(self) -> Installation | None:
        """Return the installation that the key store belongs to; None before the first start."""
        async with connection(self.engine) as database:
            return await read_installation(database)

    async def keys_left(self, version: int) -> int:
        """Return how many keys are wrapped under another version of the wrapping key."""
        async with connection(self.engine) as database:
            return int((await database.execute(_KEYS_LEFT, {"version": version})).scalar_one())

    async def system_keys(self) -> list[SystemKeyRow]:
        """Return the installation's own keys, wrapped."""
        columns = system_keys.c
        async with connection(self.engine) as database:
            found = await database.execute(
                select(columns.kind, columns.id, columns.wrapped, columns.state).order_by(columns.create_time)
            )
            return [SystemKeyRow(*row) for row in found]

    async def add_system_keys(self, keys: Sequence[SystemKeyRow], *, version: int) -> bool:
        """Store the first keys of kinds that have none; False if `version` is no longer the wrapping key's.

        If another replica was faster, its keys stay.
        """
        async with connection(self.engine) as database:
            counted = await database.execute(
                update(installation)
                .where(installation.c.wrapping_version == version)
                .values(wrapping_uses=installation.c.wrapping_uses + len(keys))
            )
            if not counted.rowcount:
                return False
            await database.execute(
                upsert(system_keys).values(create_time=func.now()).on_conflict_do_nothing(), _values(keys)
            )
        return True

    async def is_empty(self) -> bool:
        """Tell whether the key store is empty."""
        async with connection(self.engine) as database:
            for table in (installation, account_keys, system_keys, objects):
                if (await database.execute(select(literal(1)).select_from(table).limit(1))).first():
                    return False
        return True

    async def begin(self, new: Installation, keys: Sequence[SystemKeyRow]) -> bool:
        """Store an installation's first keys in one transaction; False if another start was faster."""
        async with connection(self.engine) as database:
            await database.execute(select(func.pg_advisory_xact_lock(_INIT_LOCK)))
            if await read_installation(database) is not None:
                return False
            await database.execute(
                insert(installation).values(
                    id=new.id,
                    root_key_id=new.root_key_id,
                    wrapping_version=new.wrapping_version,
                    wrapping_minimum=new.wrapping_minimum,
                    wrapping_uses=len(keys),
                    create_time=func.now(),
                )
            )
            await database.execute(insert(system_keys).values(create_time=func.now()), _values(keys))
        return True

    async def account_keys(self, account: str) -> list[AccountKeyRow]:
        """Return all of an account's keys, wrapped, newest first."""
        columns = account_keys.c
        async with connection(self.engine) as database:
            found = await database.execute(
                select(columns.account, columns.epoch, columns.wrapped, columns.state, columns.uses)
                .where(columns.account == account)
                .order_by(columns.epoch.desc())
            )
            return [AccountKeyRow(*row) for row in found]

    async def use_account_key(self, account: str, uses: int) -> AccountKeyRow | None:
        """Count uses of the account's active key and return it; None if there is none, or it is used up."""
        columns = account_keys.c
        async with connection(self.engine) as database:
            found = await database.execute(
                update(account_keys)
                .where(
                    columns.account == account, columns.state == "active", columns.uses <= MOST_USES - uses
                )
                .values(uses=columns.uses + uses)
                .returning(columns.account, columns.epoch, columns.wrapped, columns.state, columns.uses)
            )
            row = found.first()
            return None if row is None else AccountKeyRow(*row)

    async def add_account_key(self, account: str, wrapped: bytes) -> bool:
        """Store an account's first key, unless it has had one.

        Returns False if it is not wrapped under the newest version, or if that version is used up.
        """
        values = {
            "account": account,
            "wrapped": wrapped,
            "version": key_wrap.epoch_of(wrapped),
            "most": MOST_USES,
        }
        async with connection(self.engine) as database:
            return bool((await database.execute(_ADD_ACCOUNT_KEY, values)).scalar_one())

    async def generation(self, account: str, name: str) -> int:
        """Return the newest generation of an object; 0 if it never existed."""
        async with connection(self.engine) as database:
            found = await database.execute(
                select(objects.c.generation).where(objects.c.account == account, objects.c.object == name)
            )
            return int(found.scalar_one_or_none() or 0)

    async def count(self, account: str) -> int:
        """Return how many objects an account has ever had, deleted ones included."""
        async with connection(self.engine) as database:
            counted = select(func.count()).where(objects.c.account == account)
            return int((await database.execute(counted)).scalar_one())

    async def mark(self, account: str, name: str, generation: int) -> None:
        """Note that a generation of an object exists, which makes older ones void."""
        await self._note(account, name, generation, deleted=False)

    async def mark_deleted(self, account: str, name: str, generation: int) -> None:
        """Note that an object is deleted, which makes every row of it void."""
        await self._note(account, name, generation, deleted=True)

    async def _note(self, account: str, name: str, generation: int, *, deleted: bool) -> None:
        new = upsert(objects).values(account=account, object=name, generation=generation, deleted=deleted)
        async with connection(self.engine) as database:
            await database.execute(
                new.on_conflict_do_update(
                    index_elements=["account", "object"],
                    set_={
                        "generation": func.greatest(objects.c.generation, new.excluded.generation),
                        # A deleted object stays deleted.
                        "deleted": objects.c.deleted | new.excluded.deleted,
                    },
                )
            )


def _values(keys: Sequence[SystemKeyRow]) -> list[dict[str, str | bytes]]:
    return [{"kind": key.kind, "id": key.id, "state": key.state, "wrapped": key.wrapped} for key in keys]


async def read_installation(database: AsyncConnection) -> Installation | None:
    """Return what the key store belongs to, read over an open connection; None before the first start."""
    columns = installation.c
    found = await database.execute(
        select(
            columns.id,
            columns.root_key_id,
            columns.wrapping_version,
            columns.wrapping_minimum,
            columns.wrapping_uses,
        )
    )
    row = found.first()
    return None if row is None else Installation(*row)
