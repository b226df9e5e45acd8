"""Account keys by epoch: what is sealed under one opens for its account and its place alone."""

import os
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.common.identity import FILES, PROCESSOR
from tests.support.vault.refusals import Refused

#: How everything that is sealed starts. The vault's own format is another: nobody may rely on either.
_HEADER = struct.Struct(">4sI")
_MAGIC = b"TEST"
_NONCE_BYTES = 12
_MOST_LISTED = 100

#: What something is sealed for: its purpose, its object, its generation.
Place = tuple[int, str, int]


@dataclass
class _Account:
    """An account's keys by epoch; a destroyed one has nothing left."""

    epochs: dict[int, bytes | None] = field(default_factory=dict)
    confirmed: dict[str, int] = field(default_factory=dict)
    erase_time: datetime | None = None

    @property
    def active(self) -> int:
        return max(self.epochs)

    def advance(self) -> None:
        self.epochs[max(self.epochs, default=0) + 1] = AESGCM.generate_key(256)


def prefix(epoch: int) -> bytes:
    """Return how everything starts that is sealed under this epoch."""
    return _HEADER.pack(_MAGIC, epoch)


class AccountKeys:
    """A key for each account, made when it is first needed, never again once destroyed."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}

    def for_sealing(self, account: str) -> int:
        """Return the account's active epoch; raise ACCOUNT_ERASED."""
        known = self._accounts.setdefault(account, _Account())
        if known.erase_time is not None:
            raise Refused("ACCOUNT_ERASED")
        if not known.epochs:
            known.advance()
        return known.active

    def seal(self, account: str, place: Place, key: bytes) -> bytes:
        """Return a key sealed for its place; raise ACCOUNT_ERASED."""
        epoch = self.for_sealing(account)
        under, nonce = self._accounts[account].epochs[epoch], os.urandom(_NONCE_BYTES)
        assert under is not None
        start = prefix(epoch)
        return start + nonce + AESGCM(under).encrypt(nonce, key, start + repr((account, place)).encode())

    def opened(self, account: str, place: Place, sealed: bytes) -> bytes | None:
        """Return the key, None when it was made for something else or altered; raise ACCOUNT_ERASED."""
        start = sealed[: _HEADER.size]
        known = self._accounts.get(account)
        if known is None or len(start) < _HEADER.size or not start.startswith(_MAGIC):
            return None
        epoch = _HEADER.unpack(start)[1]
        if epoch not in known.epochs:
            return None
        if (under := known.epochs[epoch]) is None:
            raise Refused("ACCOUNT_ERASED")
        nonce, rest = sealed[_HEADER.size :][:_NONCE_BYTES], sealed[_HEADER.size + _NONCE_BYTES :]
        try:
            return AESGCM(under).decrypt(nonce, rest, start + repr((account, place)).encode())
        except (InvalidTag, ValueError):
            return None

    def rotate(self, account: str) -> None:
        """Give an account that has a key its next epoch; the one before is retired without any grace."""
        known = self._accounts.get(account)
        if known is not None and known.erase_time is None and known.epochs:
            known.advance()

    def retiring(self, owner: str, after: str) -> list[tuple[str, int]]:
        """Return account and active epoch where an owner has not confirmed that nothing older is left."""
        return [
            (account, known.active)
            for account, known in sorted(self._accounts.items())
            if account > after
            and known.erase_time is None
            and len(known.epochs) > 1
            and known.confirmed.get(owner) != known.active
        ][:_MOST_LISTED]

    def confirm(self, owner: str, account: str, epoch: int) -> None:
        """Note that an owner has nothing under retired epochs; they go when both say so.

        Void for an epoch that is not active.
        """
        known = self._accounts.get(account)
        if known is None or known.erase_time is not None or not known.epochs or epoch != known.active:
            return
        known.confirmed[owner] = epoch
        if all(known.confirmed.get(each) == epoch for each in (FILES, PROCESSOR)):
            known.epochs = {epoch: known.epochs[epoch]}

    @property
    def erased(self) -> list[str]:
        """The accounts whose keys were destroyed."""
        return [account for account, known in self._accounts.items() if known.erase_time is not None]

    def erase(self, account: str) -> datetime:
        """Destroy the account's keys for good; return when that was first done."""
        known = self._accounts.setdefault(account, _Account())
        if known.erase_time is None:
            known.erase_time = datetime.now(UTC)
            known.epochs = dict.fromkeys(known.epochs or (1,))
        return known.erase_time
