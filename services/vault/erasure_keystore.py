"""What erasing does in the key store: keys destroyed, objects marked, how far the ledger was followed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.vault.erasure import Object
from services.vault.erasure_ledger import Mark
from services.vault.outages import connection

# Before the keys are destroyed, so that whoever makes an account's first key now is waited for and then seen.
_LEAVE_DESTROYED = text("""
INSERT INTO account_keys (account, epoch, state, wrapped, uses, create_time, destroy_time)
SELECT account, 1, 'destroyed', NULL, 0, now(), now() FROM unnest(CAST(:accounts AS text[])) AS w(account)
ORDER BY account
ON CONFLICT (account, epoch) DO NOTHING
""")
_DESTROY = text("""
WITH gone AS (
    UPDATE account_keys SET state = 'destroyed', wrapped = NULL, destroy_time = now()
    WHERE account = ANY(CAST(:accounts AS text[])) AND state <> 'destroyed' RETURNING account
)
SELECT DISTINCT account FROM gone
""")
_MARK_ALL_DELETED = text("""
UPDATE objects SET deleted = true WHERE account = ANY(CAST(:accounts AS text[])) AND NOT deleted
""")
_OWE_RATCHET = text("""
UPDATE erasure_state SET erasures = erasures + :count, due_time = coalesce(due_time, now())
""")
_BURY = text("""
INSERT INTO objects (account, object, generation, deleted)
SELECT account, object, 0, true
FROM unnest(CAST(:accounts AS text[]), CAST(:names AS text[])) AS w(account, object)
GROUP BY account, object ORDER BY account, object
ON CONFLICT (account, object) DO UPDATE SET deleted = true
""")
_DESTROYED_TIME = text("""
SELECT min(destroy_time) FROM account_keys WHERE account = :account
""")
_MARK = text("SELECT seq, mac FROM erasure_state")
_ADVANCE = text("UPDATE erasure_state SET seq = :seq, mac = :mac WHERE seq >= :before AND seq < :seq")


@dataclass(frozen=True, slots=True)
class ErasureKeyStore:
    """The key store behind an engine."""

    engine: AsyncEngine = field(repr=False)

    async def destroyed_time(self, account: str) -> datetime | None:
        """Return when the account's key was destroyed first; None while it was not."""
        async with connection(self.engine) as database:
            found: datetime | None = (await database.execute(_DESTROYED_TIME, {"account": account})).scalar()
            return found

    async def destroy(self, accounts: Collection[str]) -> int:
        """Destroy all keys of the accounts, whatever rotates or makes them meanwhile.

        Returns how many accounts had a key until now: older copies of those are to be closed by a ratchet.
        """
        named = {"accounts": sorted(set(accounts))}
        had: set[str] = set()
        async with connection(self.engine) as database:
            await database.execute(_LEAVE_DESTROYED, named)
            # Until there is none: a rotation that this waited for may have left a new epoch behind.
            while gone := (await database.execute(_DESTROY, named)).scalars().all():
                had.update(gone)
            await database.execute(_MARK_ALL_DELETED, named)
            if had:
                await database.execute(_OWE_RATCHET, {"count": len(had)})
        return len(had)

    async def bury(self, objects: Collection[Object]) -> None:
        """Mark objects deleted, also those that this copy of the key store has never known."""
        named = {"accounts": [account for account, _ in objects], "names": [name for _, name in objects]}
        async with connection(self.engine) as database:
            await database.execute(_BURY, named)

    async def mark(self) -> Mark:
        """Return how far this copy of the key store has followed the ledger."""
        async with connection(self.engine) as database:
            return Mark(*(await database.execute(_MARK)).one())

    async def advance(self, before: int, to: Mark) -> None:
        """Move the mark to `to` if it stands at entry `before` or later; never back."""
        async with connection(self.engine) as database:
            await database.execute(_ADVANCE, {"before": before, "seq": to.seq, "mac": to.mac})
