"""The opened wrapping key; it opens and wraps account keys and the installation's own keys."""

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from services.vault.crypto import key_wrap
from services.vault.crypto.binding import Binding
from services.vault.crypto.committing import KEY_BYTES, DoesNotOpen
from services.vault.crypto.envelope import AccountKey
from services.vault.crypto.secret import wipe, wiped
from services.vault.keys.installation import Installation
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.private_files import FileUnusable
from services.vault.root.key import RootKey, RootKeyUnusable, RootProvider


class CannotUnseal(Exception):
    """The wrapping key cannot be opened; the text, for the operator's log, says why."""


class VersionUnknown(DoesNotOpen):
    """The key is wrapped under a version that this replica does not have: a newer one, or a destroyed one."""


#: Renews the keyring that the server uses if the key store names newer keys; raises Unavailable.
CatchUp = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Keyring:
    """Wrapping keys by version, for one installation.

    A server's ring is replaced while it serves, so only the event loop's thread may use it, and nothing keeps
    a buffer of it across an await. Long work in a thread opens a ring of its own.
    """

    installation: str
    version: int
    _wrapping: dict[int, bytearray] = field(repr=False)

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

    def replace(self, newer: "Keyring") -> None:
        """Take over the keys of a newer ring and forget the old ones at once."""
        old = self._wrapping
        self.version, self._wrapping = newer.version, newer._wrapping
        wipe(*old.values())

    def knows(self, wrapped: bytes) -> bool:
        """Tell whether the version that a wrapped key names is on the ring."""
        try:
            return key_wrap.epoch_of(wrapped) in self._wrapping
        except DoesNotOpen:
            return True

    def rewrap_account_key(self, account: str, epoch: int, wrapped: bytes) -> bytes:
        """Return the account's key wrapped under the current version; raise DoesNotOpen."""
        return self._rewrap(wrapped, self._account_binding(account, epoch))

    def rewrap_system_key(self, kind: str, key_id: str, wrapped: bytes) -> bytes:
        """Return one of the installation's own keys wrapped under the current version; raise DoesNotOpen."""
        return self._rewrap(wrapped, self._system_binding(kind, key_id))

    def wipe(self) -> None:
        """Forget the wrapping keys."""
        wipe(*self._wrapping.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()

    def _rewrap(self, wrapped: bytes, binding: Binding) -> bytes:
        with wiped(self._unwrap(wrapped, binding)) as key:
            return self._wrap(key, binding)

    def _wrap(self, key: bytearray, binding: Binding) -> bytes:
        return key_wrap.wrap(key, self._wrapping[self.version], binding, epoch=self.version)

    def _unwrap(self, wrapped: bytes, binding: Binding) -> bytearray:
        version = key_wrap.epoch_of(wrapped)
        if (under := self._wrapping.get(version)) is None:
            raise VersionUnknown
        return key_wrap.unwrap(wrapped, under, binding, epoch=version)

    def _account_binding(self, account: str, epoch: int) -> Binding:
        return self.binding("account-key", account=account, object=f"accountKeys/{epoch}")

    def _system_binding(self, kind: str, key_id: str) -> Binding:
        return self.binding(f"system-key/{kind}", account="", object=f"systemKeys/{key_id}")


def open_keyring(provider: RootProvider, file: WrappingFile, named: Installation) -> Keyring:
    """Return the keyring that the root key opens; raise CannotUnseal if it opens none.

    `named` is what the key store names. The root key itself is not kept.
    """
    try:
        with provider.load(named.root_key_id) as root:
            wrapping = _opened(file, root, named)
    except (RootKeyUnusable, FileUnusable) as error:
        raise CannotUnseal(str(error)) from None
    version = named.wrapping_version
    if version not in wrapping:
        wipe(*wrapping.values())
        raise CannotUnseal(f"{root.id} does not open version {version} of the wrapping key in {file.path}")
    return Keyring(named.id, version, wrapping)


def _opened(file: WrappingFile, root: RootKey, named: Installation) -> dict[int, bytearray]:
    opened = {}
    for slot in file.slots():
        if slot is None or slot.installation != named.id:
            continue
        # A newer version that the key store does not name is not in use yet; an older one is refused.
        if named.wrapping_minimum <= slot.version <= named.wrapping_version:
            # A damaged slot, or one under another root key, matters only if its version is needed.
            with suppress(DoesNotOpen):
                opened[slot.version] = slot.open(root)
    return opened
