"""Erasure in the vault's database: deletes rows, revokes grants, and follows the ledger."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.database import transaction
from services.vault.erasure.erasures import Object
from services.vault.erasure.ledger import Mark
from services.vault.erasure.restoration import DATABASE, StoreState
from services.vault.erasure.store.state import ADVANCE, HISTORY, MARK

_STATE = text("SELECT seq, mac, grants_not_before FROM erasure_state")
# Tokens tell the second in which they were signed, so those of this second end too.
_END_GRANTS = text("""
UPDATE erasure_state SET grants_not_before = date_trunc('second', clock_timestamp()) + interval '1 second'
""")

# The lock under which API keys are added to an account: a key that is being stored is waited for and deleted.
_LOCK = text("""
SELECT pg_advisory_xact_lock(hashtextextended('smelt/apiKeys/' || account, 0))
FROM (SELECT unnest(CAST(:accounts AS text[])) AS account ORDER BY 1) AS w
""")
# Every batch of releases reads this table, so that grants which are shown later are refused too.
_END = text("""
INSERT INTO ended_accounts (account, end_time)
SELECT account, now() FROM unnest(CAST(:accounts AS text[])) AS w(account) ORDER BY account
ON CONFLICT (account) DO NOTHING
""")
_DELETE_OF_ACCOUNTS = text("DELETE FROM api_keys WHERE account = ANY(CAST(:accounts AS text[]))")
_DELETE_REPEATED = text("DELETE FROM idempotency WHERE account = ANY(CAST(:accounts AS text[]))")
_REVOKE = text("""
UPDATE grants SET revoke_time = now()
WHERE account = ANY(CAST(:accounts AS text[])) AND revoke_time IS NULL
""")
_DELETE_KEYS = text("""
DELETE FROM api_keys k USING unnest(CAST(:accounts AS text[]), CAST(:ids AS text[])) AS w(account, id)
WHERE k.account = w.account AND k.id = w.id
""")


@dataclass(frozen=True, slots=True)
class ErasureStore:
    """The vault's database."""

    sessions: async_sessionmaker[AsyncSession]

    async def end_accounts(self, accounts: Collection[str]) -> None:
        """Delete the API keys of the accounts and revoke their grants, including grants not yet seen."""
        named = {"accounts": sorted(set(accounts))}
        async with transaction(self.sessions) as session:
            for statement in (_LOCK, _END, _DELETE_OF_ACCOUNTS, _DELETE_REPEATED, _REVOKE):
                await session.execute(statement, named)

    async def delete_keys(self, objects: Collection[Object]) -> None:
        """Delete the rows of API keys."""
        named = {
            "accounts": [account for account, _ in objects],
            "ids": [name.removeprefix("apiKeys/") for _, name in objects],
        }
        async with transaction(self.sessions) as session:
            await session.execute(_DELETE_KEYS, named)

    async def mark(self) -> Mark:
        """Return how far this copy of the database has followed the ledger."""
        async with transaction(self.sessions) as session:
            return Mark(*(await session.execute(MARK)).one())

    async def state(self) -> StoreState:
        """Return how far this copy of the database has followed the ledger, and its history."""
        async with transaction(self.sessions) as session:
            seq, mac, not_before = (await session.execute(_STATE)).one()
            history = (await session.execute(HISTORY)).scalar_one()
        return StoreState(DATABASE, Mark(seq, mac), history, grants_not_before=not_before)

    async def end_grants(self) -> None:
        """Refuse from now on all grants that were signed until now."""
        async with transaction(self.sessions) as session:
            await session.execute(_END_GRANTS)

    async def advance(self, before: int, to: Mark) -> None:
        """Move the mark to `to` if it stands at entry `before` or later; never back."""
        async with transaction(self.sessions) as session:
            await session.execute(ADVANCE, {"before": before, "seq": to.seq, "mac": to.mac})
