"""The history of auth's database, and the settlement that stands in it."""

from collections.abc import Collection, Sequence

from sqlalchemy import select, text

from services.auth.models import AccountRow
from services.auth.restoration.restoration import DatabaseState
from services.common.database import Transactions, transaction

#: Server, timeline and database. A restore to a moment begins a new timeline; a dump makes another database.
_HISTORY = """
SELECT s.system_identifier || '/' || c.timeline_id || '/' || d.oid
FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()
"""
# A settlement of another history came back with the database.
_STATE = text(f"""
SELECT h.history, coalesce((SELECT settlement FROM restoration r WHERE r.history = h.history), '')
FROM ({_HISTORY}) AS h(history)
""")  # noqa: S608 -- of constants
_ACCEPT = text(f"""
INSERT INTO restoration (single, history, settlement, settle_time)
SELECT true, h.history, :settlement, now() FROM ({_HISTORY}) AS h(history)
ON CONFLICT (single) DO UPDATE SET history = excluded.history, settlement = excluded.settlement,
    moment = NULL, settle_time = excluded.settle_time
RETURNING history
""")  # noqa: S608 -- of constants


class RestorationStore:
    """Reads the history; writes a settlement when an operator says that nothing was lost."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def state(self) -> DatabaseState:
        async with transaction(self._transactions) as session:
            return DatabaseState(*(await session.execute(_STATE)).one())

    async def living(self, accounts: Collection[str]) -> Sequence[str]:
        async with transaction(self._transactions) as session:
            return list(await session.scalars(select(AccountRow.id).where(AccountRow.id.in_(accounts))))

    async def accept(self, settlement: str) -> str:
        """Settle the database's history as it is; return it."""
        async with transaction(self._transactions) as session:
            return str((await session.execute(_ACCEPT, {"settlement": settlement})).scalar_one())
