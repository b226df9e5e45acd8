"""The opened wrapping key, and what is wrapped under it: account keys and the installation's own keys."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from services.vault import key_wrap
from services.vault.binding import Binding
from services.vault.committing import KEY_BYTES, DoesNotOpen
from services.vault.envelope import AccountKey
from services.vault.private_files import FileUnusable
from services.vault.root import RootKey, RootKeyUnusable, RootProvider
from services.vault.secret import wipe, wiped
from services.vault.wrapping_file import WrappingFile


class CannotUnseal(Exception):
    """The wrapping key cannot be had; the text, for the operator's log, says why."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Wrapping keys by version, for one installation."""

    installation: str
    version: int
    _wrapping: Mapping[int, bytearray] = field(repr=False)

    def binding(self, purpose: str, *, account: str, object: str, generation: int = 1) -> Binding:
        """Return what a ciphertext of this installation is bound to."""
        return Binding(self.installation, purpose, account, object, generation)

    def new_account_key(self, account: str, epoch: int) -> bytes:
        """Return a new random account key, wrapped under the current wrapping key."""
        with wiped(bytearray(os.urandom(KEY_BYTES))) as key:
            return self._wrap(key, self._account_binding(account, epoch))

    def open_account_key(self, account: str, epoch: int, wrapped: bytes) -> AccountKey:
        """Return the account's key, which the caller wipes; raise DoesNotOpen."""
        return AccountKey(epoch, self._unwrap(wrapped, self._account_binding(account, epoch)))

    def wrap_system_key(self, kind: str, key_id: str, key: bytearray) -> bytes:
        """Return one of the installation's own keys, wrapped under the current wrapping key."""
        return self._wrap(key, self._system_binding(kind, key_id))

    def open_system_key(self, kind: str, key_id: str, wrapped: bytes) -> bytearray:
        """Return one of the installation's own keys; raise DoesNotOpen."""
        return self._unwrap(wrapped, self._system_binding(kind, key_id))

    def wipe(self) -> None:
        """Forget the wrapping keys."""
        wipe(*self._wrapping.values())

    def _wrap(self, key: bytearray, binding: Binding) -> bytes:
        return key_wrap.wrap(key, self._wrapping[self.version], binding, epoch=self.version)

    def _unwrap(self, wrapped: bytes, binding: Binding) -> bytearray:
        version = key_wrap.epoch_of(wrapped)
        if (under := self._wrapping.get(version)) is None:
            raise DoesNotOpen
        return key_wrap.unwrap(wrapped, under, binding, epoch=version)

    def _account_binding(self, account: str, epoch: int) -> Binding:
        return self.binding("account-key", account=account, object=f"accountKeys/{epoch}")

    def _system_binding(self, kind: str, key_id: str) -> Binding:
        return self.binding(f"system-key/{kind}", account="", object=f"systemKeys/{key_id}")


def open_keyring(provider: RootProvider, file: WrappingFile, *, installation: str, version: int) -> Keyring:
    """Return the keyring that the root key opens; raise CannotUnseal when it does not.

    `version` is the wrapping key's version that the key store names. The root key itself is not kept.
    """
    try:
        root = provider.load()
    except RootKeyUnusable as error:
        raise CannotUnseal(str(error)) from None
    try:
        wrapping = _opened(file, root, installation)
    except FileUnusable as error:
        raise CannotUnseal(str(error)) from None
    finally:
        root.wipe()
    if version not in wrapping:
        raise CannotUnseal(f"{root.id} does not open version {version} of the wrapping key in {file.path}")
    return Keyring(installation, version, wrapping)


def _opened(file: WrappingFile, root: RootKey, installation: str) -> dict[int, bytearray]:
    opened = {}
    for slot in file.slots():
        if slot is not None and slot.installation == installation:
            # A slot of another root key, or a damaged one, matters only if its version is wanted.
            with suppress(DoesNotOpen):
                opened[slot.version] = slot.open(root)
    return opened
