"""The vault's own data under account keys, the blobs of provider keys, sealed anew under another epoch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from services.common.logs import log
from services.vault.api_keys.place import KeyRow
from services.vault.crypto import envelope
from services.vault.crypto.committing import DoesNotOpen
from services.vault.keys.account_keys import AccountKeys, Epoch

# An account has a hundred keys at most.
_MOST = 200


class BlobRows(Protocol):
    """Where blobs are kept; raises Unavailable."""

    async def under_older(self, epoch: Epoch, *, most: int) -> Sequence[KeyRow]:
        """Return an account's keys that stand under an epoch before this one."""
        ...

    async def reseal(self, old: KeyRow, new: KeyRow) -> None:
        """Store a blob in the place of another, if that is still there."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderKeyBlobs:
    """Seals blobs anew. A secret is in memory for one row at a time."""

    rows: BlobRows
    account_keys: AccountKeys

    async def reseal(self, epoch: Epoch) -> bool:
        """Seal what stands under older epochs under the active one; True when none is left."""
        for row in await self.rows.under_older(epoch, most=_MOST):
            try:
                await self.rows.reseal(row, await self._sealed_anew(row))
            except DoesNotOpen:
                log.error("rotation.blob_does_not_open", account=row.place.account, api_key=row.place.name)
        return not await self.rows.under_older(epoch, most=1)

    async def _sealed_anew(self, row: KeyRow) -> KeyRow:
        binding = row.binding(self.account_keys.keyring)
        with await self.account_keys.at(row.place.account, row.epoch) as old:
            secret = envelope.open_blob(row.blob, old, binding, suite=row.suite)
        with secret, await self.account_keys.for_sealing(row.place.account) as new:
            return replace(row, epoch=new.epoch, blob=envelope.seal(secret, new, binding))
