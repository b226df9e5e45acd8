"""Epochs of account keys in the key store. All times are the key store's, so no clocks have to agree."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.database import connection
from services.vault.crypto import key_wrap
from services.vault.keys.account_keys import MOST_USES, ROTATE_AT_USES, Epoch
from services.vault.rotation.accounts import NextKey

_MADE_BEFORE = text("""
SELECT account, epoch FROM account_keys
WHERE state = 'active' AND create_time < :moment AND (:account = '' OR account = :account)
ORDER BY account LIMIT :most
""")
_MUCH_USED = text("""
SELECT account, epoch FROM account_keys WHERE state = 'active' AND uses >= :uses ORDER BY account LIMIT :most
""")
# Counting locks the version's row first, as every wrap does. So a rotation of the wrapping key either sees
# what is stored here, or it has already named the version that this is wrapped under. An account that was
# erased in the meantime has no active epoch, so it gets no new key.
_ADVANCE = text("""
WITH counted AS (
    UPDATE installation SET wrapping_uses = wrapping_uses + :count
    WHERE wrapping_version = :version AND wrapping_uses + :count <= :most RETURNING 1
), retired AS (
    UPDATE account_keys k SET state = 'retired', retire_time = now()
    FROM counted, unnest(CAST(:accounts AS text[]), CAST(:epochs AS bigint[]), CAST(:wrapped AS bytea[]))
        AS n(account, epoch, wrapped)
    WHERE k.account = n.account AND k.epoch = n.epoch AND k.state = 'active'
    RETURNING n.account, n.epoch, n.wrapped
), added AS (
    INSERT INTO account_keys (account, epoch, state, wrapped, uses, create_time)
    SELECT account, epoch + 1, 'active', wrapped, 0, now() FROM retired
)
SELECT count(*) FROM counted
""")
_UNCONFIRMED = text("""
SELECT a.account, a.epoch FROM account_keys a
WHERE a.state = 'active' AND a.account > :after
    AND EXISTS (SELECT FROM account_keys r WHERE r.account = a.account AND r.state = 'retired')
    AND NOT EXISTS (
        SELECT FROM account_keys r
        WHERE r.account = a.account AND r.state = 'retired' AND r.retire_time > now() - :grace
    )
    AND NOT EXISTS (
        SELECT FROM epoch_confirmations c
        WHERE c.account = a.account AND c.owner = :owner AND c.epoch = a.epoch
    )
ORDER BY a.account LIMIT :most
""")
_CONFIRM = text("""
INSERT INTO epoch_confirmations (account, owner, epoch)
SELECT a.account, :owner, a.epoch FROM account_keys a
WHERE a.account = :account AND a.epoch = :epoch AND a.state = 'active'
    AND NOT EXISTS (
        SELECT FROM account_keys r
        WHERE r.account = a.account AND r.state = 'retired' AND r.retire_time > now() - :grace
    )
ON CONFLICT (account, owner) DO UPDATE SET epoch = excluded.epoch
""")
# A key that is retired while this runs is still active in this statement's snapshot, so it is not touched.
_DESTROY_CONFIRMED = text("""
WITH free AS (
    SELECT a.account, a.epoch FROM account_keys a
    WHERE a.state = 'active'
        AND EXISTS (SELECT FROM account_keys r WHERE r.account = a.account AND r.state = 'retired')
        AND (
            SELECT count(*) FROM epoch_confirmations c
            WHERE c.account = a.account AND c.epoch = a.epoch AND c.owner = ANY(CAST(:owners AS text[]))
        ) = :count
    LIMIT :most
), gone AS (
    DELETE FROM account_keys r USING free
    WHERE r.account = free.account AND r.epoch < free.epoch AND r.state = 'retired' RETURNING r.account
), forgotten AS (
    DELETE FROM epoch_confirmations c USING free WHERE c.account = free.account AND c.epoch <= free.epoch
)
SELECT DISTINCT free.account, free.epoch FROM free JOIN gone USING (account)
""")
_RETIRED = text("SELECT count(*) FROM account_keys WHERE state = 'retired'")


@dataclass(frozen=True, slots=True)
class EpochStore:
    """Stores epochs. A retired epoch is left alone during its grace period."""

    engine: AsyncEngine = field(repr=False)
    grace: timedelta

    async def made_before(self, moment: datetime, *, account: str, most: int) -> list[Epoch]:
        return await self._epochs(_MADE_BEFORE, moment=moment, account=account, most=most)

    async def much_used(self, *, most: int) -> list[Epoch]:
        return await self._epochs(_MUCH_USED, uses=ROTATE_AT_USES, most=most)

    async def advance(self, keys: Sequence[NextKey]) -> bool:
        values = {
            "count": len(keys),
            "version": key_wrap.epoch_of(keys[0].wrapped),
            "most": MOST_USES,
            "accounts": [key.account for key in keys],
            "epochs": [key.after for key in keys],
            "wrapped": [key.wrapped for key in keys],
        }
        async with connection(self.engine) as database:
            return bool((await database.execute(_ADVANCE, values)).scalar_one())

    async def unconfirmed(self, owner: str, *, after: str, most: int) -> list[Epoch]:
        return await self._epochs(_UNCONFIRMED, owner=owner, after=after, most=most, grace=self.grace)

    async def confirm(self, owner: str, epoch: Epoch) -> None:
        values = {"owner": owner, "account": epoch.account, "epoch": epoch.number, "grace": self.grace}
        async with connection(self.engine) as database:
            await database.execute(_CONFIRM, values)

    async def destroy_confirmed(self, owners: Sequence[str], *, most: int) -> list[Epoch]:
        return await self._epochs(_DESTROY_CONFIRMED, owners=list(owners), count=len(owners), most=most)

    async def retired(self) -> int:
        """Return how many epochs are retired and not destroyed yet."""
        async with connection(self.engine) as database:
            return int((await database.execute(_RETIRED)).scalar_one())

    async def now(self) -> datetime:
        """Return the key store's time."""
        async with connection(self.engine) as database:
            moment: datetime = (await database.execute(text("SELECT now()"))).scalar_one()
            return moment

    async def _epochs(self, statement: TextClause, **values: Any) -> list[Epoch]:
        async with connection(self.engine) as database:
            return [Epoch(*row) for row in await database.execute(statement, values)]
