"""Which root keys are known to have been written down, in the key store.

It stands there rather than beside the root key: the replicas of a vault share it, and a root key that was
rotated is another one, not confirmed yet.
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
    """Confirmations behind an engine."""

    engine: AsyncEngine = field(repr=False)

    async def time_of(self, root_key_id: str) -> datetime | None:
        """Return when it was confirmed that a root key was written down."""
        wanted = select(escrows.c.confirm_time).where(escrows.c.root_key_id == root_key_id)
        async with connection(self.engine) as database:
            return (await database.execute(wanted)).scalar_one_or_none()

    async def any(self) -> bool:
        """Tell whether that was confirmed of any root key of this installation."""
        async with connection(self.engine) as database:
            found = await database.execute(select(literal(1)).select_from(escrows).limit(1))
            return found.first() is not None

    async def confirm(self, root_key_id: str) -> None:
        """Note that a root key was written down; the first time stands."""
        new = upsert(escrows).values(root_key_id=root_key_id, confirm_time=datetime.now(UTC))
        async with connection(self.engine) as database:
            await database.execute(new.on_conflict_do_nothing())
