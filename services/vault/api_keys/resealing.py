"""Reseals the vault's own data under account keys, the blobs of provider keys, under the active epoch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from services.common.logs import log
from services.vault.api_keys.place import KeyRow
from services.vault.crypto import envelope
from services.vault.crypto.committing import DoesNotOpen
from services.vault.keys.account_keys import AccountKeys, Epoch

# An account has at most 100 keys, so this reads all of them.
_MOST = 200


class BlobRows(Protocol):
    """Stores blobs; raises Unavailable."""

    async def under_older(self, epoch: Epoch, *, most: int) -> Sequence[KeyRow]:
        """Return an account's keys that are sealed under an epoch before this one."""
        ...

    async def reseal(self, old: KeyRow, new: KeyRow) -> None:
        """Replace a blob if it is still the old one."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderKeyBlobs:
    """Reseals blobs. Only one secret at a time is in memory."""

    rows: BlobRows
    account_keys: AccountKeys

    async def reseal(self, epoch: Epoch) -> bool:
        """Reseal what is under older epochs under the active one; True if nothing is left."""
        for row in await self.rows.under_older(epoch, most=_MOST):
            try:
                await self.rows.reseal(row, await self._resealed(row))
            except DoesNotOpen:
                log.error("rotation.blob_does_not_open", account=row.place.account, api_key=row.place.name)
        return not await self.rows.under_older(epoch, most=1)

    async def _resealed(self, row: KeyRow) -> KeyRow:
        binding = row.binding(self.account_keys.keyring)
        with await self.account_keys.at(row.place.account, row.epoch) as old:
            secret = envelope.open_blob(row.blob, old, binding, suite=row.suite)
        with secret, await self.account_keys.for_sealing(row.place.account) as new:
            return replace(row, epoch=new.epoch, blob=envelope.seal(secret, new, binding))
