"""The key store during a rotation: every statement uses the connection that has the lock.

So a process that has lost the lock, because its connection is gone, can no longer change anything.
"""

from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from services.common.errors import Unavailable
from services.common.logs import describe, log
from services.vault.bounded_connection import FAILURES, BoundedConnection
from services.vault.keys.installation import Installation
from services.vault.rotation.wrapping import RotationRunning, WrappedKey

T = TypeVar("T")

_LOCK = 7_205_121
_CONNECT_SECONDS = 5.0
_STATEMENT_SECONDS = 30.0
_INSTALLATION = """
SELECT id, root_key_id, wrapping_version, wrapping_minimum, wrapping_uses FROM installation
"""
_NAME_VERSION = """
UPDATE installation SET wrapping_version = %(version)s, wrapping_uses = 0
WHERE wrapping_version = %(version)s - 1 AND wrapping_minimum = wrapping_version
"""
_NAME_ROOT = "UPDATE installation SET root_key_id = %s"
# Bytes 6 to 9 of a wrapped key name the version that it is wrapped under (key_wrap).
_OUTDATED_ACCOUNT_KEYS = """
SELECT account, epoch, '', wrapped FROM account_keys
WHERE (account, epoch) > (%(owner)s, %(epoch)s) AND substring(wrapped FROM 6 FOR 4) <> int4send(%(version)s)
ORDER BY account, epoch LIMIT %(most)s
"""
_OUTDATED_SYSTEM_KEYS = """
SELECT kind, NULL, id, wrapped FROM system_keys
WHERE (kind, id) > (%(owner)s, %(id)s) AND substring(wrapped FROM 6 FOR 4) <> int4send(%(version)s)
ORDER BY kind, id LIMIT %(most)s
"""
# Rewrapping counts as a use of the new version. A key that was destroyed or rewrapped in the meantime has
# changed, so it stays as it is.
_COUNT = """
WITH counted AS (
    UPDATE installation SET wrapping_uses = wrapping_uses + %(count)s
    WHERE wrapping_version = %(version)s RETURNING 1
)
"""
_REPLACE_ACCOUNT_KEYS = (
    _COUNT
    + """
UPDATE account_keys k SET wrapped = n.rewrapped
FROM counted, unnest(%(owners)s::text[], %(epochs)s::bigint[], %(old)s::bytea[], %(rewrapped)s::bytea[])
    AS n(account, epoch, wrapped, rewrapped)
WHERE k.account = n.account AND k.epoch = n.epoch AND k.wrapped = n.wrapped
"""
)
_REPLACE_SYSTEM_KEYS = (
    _COUNT
    + """
UPDATE system_keys k SET wrapped = n.rewrapped
FROM counted, unnest(%(owners)s::text[], %(ids)s::text[], %(old)s::bytea[], %(rewrapped)s::bytea[])
    AS n(kind, id, wrapped, rewrapped)
WHERE k.kind = n.kind AND k.id = n.id AND k.wrapped = n.wrapped
"""
)
_END = """
UPDATE installation SET wrapping_minimum = %(version)s
WHERE wrapping_version = %(version)s
    AND NOT EXISTS (SELECT FROM account_keys WHERE substring(wrapped FROM 6 FOR 4) <> int4send(%(version)s))
    AND NOT EXISTS (SELECT FROM system_keys WHERE substring(wrapped FROM 6 FOR 4) <> int4send(%(version)s))
"""


@asynccontextmanager
async def lock(url: str) -> AsyncIterator["LockedConnection"]:
    """Take the lock of rotations for the block; raise RotationRunning, Unavailable."""
    locked = LockedConnection(await _or_unavailable(BoundedConnection.open(url, seconds=_CONNECT_SECONDS)))
    try:
        ((taken,),) = await locked.query("SELECT pg_try_advisory_lock(%s)", (_LOCK,))
        if not taken:
            raise RotationRunning
        yield locked
    finally:
        # The lock goes with the connection.
        await locked.database.close()


@dataclass(frozen=True, slots=True)
class LockedConnection:
    """A connection that has the lock of rotations."""

    database: BoundedConnection

    async def installation(self) -> Installation:
        (row,) = await self.query(_INSTALLATION)
        return Installation(*row)

    async def name_version(self, version: int) -> None:
        await self.query(_NAME_VERSION, {"version": version})

    async def name_root(self, id: str) -> None:
        await self.query(_NAME_ROOT, (id,))

    async def outdated(self, version: int, *, after: WrappedKey | None, most: int) -> list[WrappedKey]:
        place = {"version": version, "most": most, "owner": "", "epoch": 0, "id": ""}
        if after is None or after.epoch is not None:
            if after is not None:
                place |= {"owner": after.owner, "epoch": after.epoch}
            if found := await self.query(_OUTDATED_ACCOUNT_KEYS, place):
                return [WrappedKey(*row) for row in found]
            place["owner"] = ""
        else:
            place |= {"owner": after.owner, "id": after.id}
        return [WrappedKey(*row) for row in await self.query(_OUTDATED_SYSTEM_KEYS, place)]

    async def replace(self, version: int, keys: Sequence[WrappedKey]) -> None:
        statement = _REPLACE_SYSTEM_KEYS if keys[0].epoch is None else _REPLACE_ACCOUNT_KEYS
        await self.query(
            statement,
            {
                "version": version,
                "count": len(keys),
                "owners": [key.owner for key in keys],
                "epochs": [key.epoch for key in keys],
                "ids": [key.id for key in keys],
                "old": [key.wrapped for key in keys],
                "rewrapped": [key.rewrapped for key in keys],
            },
        )

    async def end(self, version: int) -> bool:
        await self.query(_END, {"version": version})
        return (await self.installation()).wrapping_minimum == version

    async def query(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Return the rows of a statement, which commits by itself; raise Unavailable."""

        async def work() -> list[tuple[Any, ...]]:
            cursor = await self.database.raw.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []

        return await _or_unavailable(self.database.exchange(work(), seconds=_STATEMENT_SECONDS))


async def _or_unavailable(work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    except FAILURES as error:
        log.warning("rotation.key_store_unavailable", **describe(error))
        raise Unavailable from None
