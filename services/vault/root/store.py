"""The root keys that are confirmed to be written down, in the key store.

The key store is the place for it because the replicas of a vault share it. A new root key after a rotation is
not confirmed yet.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.database import connection
from services.vault.keystore_models import escrows


@dataclass(frozen=True, slots=True)
class Escrows:
    """Stores confirmations."""

    engine: AsyncEngine = field(repr=False)

    async def time_of(self, root_key_id: str) -> datetime | None:
        """Return when a root key was confirmed to be written down; None if it was not."""
        wanted = select(escrows.c.confirm_time).where(escrows.c.root_key_id == root_key_id)
        async with connection(self.engine) as database:
            return (await database.execute(wanted)).scalar_one_or_none()

    async def any(self) -> bool:
        """Tell whether any root key of this installation was confirmed."""
        async with connection(self.engine) as database:
            found = await database.execute(select(literal(1)).select_from(escrows).limit(1))
            return found.first() is not None

    async def confirm(self, root_key_id: str) -> None:
        """Note that a root key was written down; the first confirmation's time is kept."""
        new = upsert(escrows).values(root_key_id=root_key_id, confirm_time=datetime.now(UTC))
        async with connection(self.engine) as database:
            await database.execute(new.on_conflict_do_nothing())
