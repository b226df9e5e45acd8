"""Auth's own part of an account, for exports. It is removed together with the account's row."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from services.auth import models
from services.auth.privacy import tables
from services.common.database import Transactions
from services.common.identity import ExportPermit
from services.common.privacy import ArchivePiece
from services.common.store.privacy_rows import export_rows


@dataclass(frozen=True, slots=True)
class AuthPart:
    """The account's rows in auth's database."""

    transactions: Transactions

    async def export(self, permit: ExportPermit) -> AsyncIterator[ArchivePiece]:
        rows = export_rows(self.transactions, models.Base.metadata, tables.TABLES, account=permit.account)
        async for piece in rows:
            yield piece
