"""The vault's two databases: its own and the key store."""

from dataclasses import dataclass

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.common import database
from services.vault.models import api_keys, audit_heads, audit_records, grant_uses, grants


async def is_empty(engine: AsyncEngine) -> bool:
    """Tell whether the vault's database has never held anything."""
    async with engine.connect() as connection:
        for table in (api_keys, grants, grant_uses, audit_heads, audit_records):
            if (await connection.execute(select(literal(1)).select_from(table).limit(1))).first():
                return False
    return True


@dataclass(frozen=True, slots=True)
class Stores:
    """The two databases, by URL and by engine."""

    database_url: str
    keystore_url: str
    database: AsyncEngine
    keystore: AsyncEngine

    @classmethod
    def at(cls, database_url: str, keystore_url: str) -> "Stores":
        return cls(database_url, keystore_url, database.engine(database_url), database.engine(keystore_url))

    async def close(self) -> None:
        await self.database.dispose()
        await self.keystore.dispose()
