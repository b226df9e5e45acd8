"""The vault's part of an account, for export and erasure."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from services.common.database import Transactions
from services.common.identity import ExportPermit
from services.common.privacy import ArchivePiece
from services.common.store.privacy_rows import erase_rows, export_rows
from services.vault import keystore_models, models
from services.vault.privacy import tables


@dataclass(frozen=True, slots=True)
class VaultPart:
    """Rows of both databases. ErasureService destroys the account's key before anything here runs."""

    database: Transactions
    keystore: Transactions

    async def export(self, permit: ExportPermit) -> AsyncIterator[ArchivePiece]:
        account = permit.account
        async for piece in export_rows(self.database, models.metadata, tables.DATABASE, account=account):
            yield piece
        async for piece in export_rows(
            self.keystore, keystore_models.metadata, tables.KEY_STORE, account=account
        ):
            yield piece

    async def erase(self, account: str) -> bool:
        return await erase_rows(self.database, tables.DATABASE, account=account)
