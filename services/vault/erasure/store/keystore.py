"""Erasure in the key store: destroys keys, marks objects, and follows the ledger."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.database import connection
from services.vault.erasure.erasures import Object
from services.vault.erasure.ledger import Mark
from services.vault.erasure.ratchet import Owed
from services.vault.erasure.restoration import StoreState
from services.vault.erasure.store.state import ADVANCE, HISTORY, MARK

# Runs before the keys are destroyed: it waits for a transaction that creates an account's first key, and the
# next statement then sees that key.
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
# Reads the version after the keys are destroyed: no copy has them wrapped under a later version.
_OWE_RATCHET = text("""
UPDATE erasure_state
SET ratchet_beyond = (SELECT wrapping_version FROM installation), due_time = coalesce(due_time, now())
""")
_OWED = text("""
SELECT ratchet_beyond, extract(epoch FROM now() - due_time) FROM erasure_state WHERE due_time IS NOT NULL
""")
_SETTLE = text("""
UPDATE erasure_state SET ratchet_beyond = NULL, due_time = NULL WHERE ratchet_beyond <= :beyond
""")
_OWED_SINCE = text("UPDATE erasure_state SET due_time = now() WHERE due_time IS NOT NULL")
_MARK_DELETED = text("""
INSERT INTO objects (account, object, generation, deleted)
SELECT account, object, 0, true
FROM unnest(CAST(:accounts AS text[]), CAST(:names AS text[])) AS w(account, object)
GROUP BY account, object ORDER BY account, object
ON CONFLICT (account, object) DO UPDATE SET deleted = true
""")
_DESTROYED_TIME = text("""
SELECT min(destroy_time) FROM account_keys WHERE account = :account
""")
_STATE = text("SELECT seq, mac, restored FROM erasure_state")
_REPLAYED = text("UPDATE erasure_state SET restored = false")


@dataclass(frozen=True, slots=True)
class ErasureKeyStore:
    """The key store."""

    engine: AsyncEngine = field(repr=False)

    async def destroyed_time(self, account: str) -> datetime | None:
        """Return when the account's key was first destroyed; None if it was not."""
        async with connection(self.engine) as database:
            found: datetime | None = (await database.execute(_DESTROYED_TIME, {"account": account})).scalar()
            return found

    async def destroy(self, accounts: Collection[str]) -> int:
        """Destroy all keys of the accounts, even those that are rotated or created at the same time.

        Returns how many accounts had a key until now; a ratchet must make older copies of those keys useless.
        """
        named = {"accounts": sorted(set(accounts))}
        had: set[str] = set()
        async with connection(self.engine) as database:
            await database.execute(_LEAVE_DESTROYED, named)
            # Repeated until none is left: a rotation that this waited for may have added an epoch.
            while gone := (await database.execute(_DESTROY, named)).scalars().all():
                had.update(gone)
            await database.execute(_MARK_ALL_DELETED, named)
            if had:
                await database.execute(_OWE_RATCHET)
        return len(had)

    async def mark_deleted(self, objects: Collection[Object]) -> None:
        """Mark objects deleted, even those that this copy of the key store has never known."""
        named = {"accounts": [account for account, _ in objects], "names": [name for _, name in objects]}
        async with connection(self.engine) as database:
            await database.execute(_MARK_DELETED, named)

    async def mark(self) -> Mark:
        """Return how far this copy of the key store has followed the ledger."""
        async with connection(self.engine) as database:
            return Mark(*(await database.execute(MARK)).one())

    async def state(self) -> StoreState:
        """Return how far this copy of the key store has followed the ledger, and its history."""
        async with connection(self.engine) as database:
            seq, mac, restored = (await database.execute(_STATE)).one()
            history = (await database.execute(HISTORY)).scalar_one()
        return StoreState("key store", Mark(seq, mac), history, restored=restored)

    async def replayed(self) -> None:
        """Clear the mark that this copy was restored from a backup."""
        async with connection(self.engine) as database:
            await database.execute(_REPLAYED)

    async def owed(self) -> Owed | None:
        """Return the ratchet that is due; None if none is."""
        async with connection(self.engine) as database:
            row = (await database.execute(_OWED)).first()
            return None if row is None else Owed(row[0], float(row[1]))

    async def settle(self, beyond: int) -> None:
        """Note that this version is destroyed. The delay of a ratchet for a later version starts now."""
        async with connection(self.engine) as database:
            await database.execute(_SETTLE, {"beyond": beyond})
            await database.execute(_OWED_SINCE)

    async def advance(self, before: int, to: Mark) -> None:
        """Move the mark to `to` if it stands at entry `before` or later; never back."""
        async with connection(self.engine) as database:
            await database.execute(ADVANCE, {"before": before, "seq": to.seq, "mac": to.mac})
