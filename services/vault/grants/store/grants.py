"""Grants in the vault's database. A grant has a row once it is used or revoked."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.database import transaction
from services.vault.models import grants
from services.vault.signing import GRANT_LIFE

#: Grants and their uses are kept this long after the grant has expired.
_KEEP_GRANTS = timedelta(days=1)
_SWEEP = 100
_SWEEP_GRANTS = text("""
WITH gone AS (
    DELETE FROM grants WHERE ref IN (
        SELECT ref FROM grants WHERE expire_time < now() - CAST(:keep AS interval) LIMIT :most
    )
    RETURNING ref
), uses AS (
    DELETE FROM grant_uses u USING gone WHERE u.grant_ref = gone.ref
)
SELECT count(*) FROM gone
""")


@dataclass(frozen=True, slots=True)
class GrantStore:
    """Stores grants that were used or revoked."""

    sessions: async_sessionmaker[AsyncSession]

    async def revoke(self, account: str, id: str) -> None:
        """Revoke a grant, even one that was never used."""
        now = func.now()
        new = upsert(grants).values(
            account=account, id=id, expire_time=now + max(GRANT_LIFE.values()), revoke_time=now
        )
        async with transaction(self.sessions) as session:
            await session.execute(
                new.on_conflict_do_update(
                    index_elements=["account", "id"],
                    set_={"revoke_time": func.coalesce(grants.c.revoke_time, now)},
                )
            )

    async def is_revoked(self, account: str, id: str) -> bool:
        """Tell whether a grant was revoked."""
        async with transaction(self.sessions) as session:
            found = await session.execute(
                select(grants.c.revoke_time).where(grants.c.account == account, grants.c.id == id)
            )
            return found.scalar_one_or_none() is not None

    async def sweep(self) -> int:
        """Remove some grants that expired a day ago, with their uses; return how many."""
        async with transaction(self.sessions) as session:
            over = {"keep": _KEEP_GRANTS, "most": _SWEEP}
            found = await session.execute(_SWEEP_GRANTS, over)
            return int(found.scalar_one())
