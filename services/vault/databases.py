"""The vault's two databases: its own and the key store."""

from dataclasses import dataclass

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.common import database
from services.common.errors import DomainError
from services.common.settings import read_secret
from services.vault.models import api_keys, audit_heads, audit_records, grant_uses, grants
from services.vault.settings import StoreSettings

#: What a database raises that cannot be reached or does not have the tables that it should.
FAILURES = (DomainError, *database.FAILURES)


async def is_empty(engine: AsyncEngine) -> bool:
    """Tell whether the vault's database is empty."""
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

    @classmethod
    def of(cls, settings: StoreSettings) -> "Stores":
        """Return the databases that the settings name."""
        return cls.at(read_secret(settings.database_url_file), read_secret(settings.vault_keystore_url_file))

    async def close(self) -> None:
        await self.database.dispose()
        await self.keystore.dispose()
