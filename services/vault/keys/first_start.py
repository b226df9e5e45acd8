"""The first start, the only place that creates a root key, a wrapping key and an installation."""

import asyncio
import os
from dataclasses import dataclass

from services.common.database import Engine
from services.common.ids import new_id
from services.vault.crypto.committing import KEY_BYTES, DoesNotOpen
from services.vault.crypto.secret import wiped
from services.vault.databases import is_empty
from services.vault.keys import system_keys
from services.vault.keys.installation import Installation
from services.vault.keys.keyring import CannotUnseal, Keyring
from services.vault.keys.store import KeyStore
from services.vault.keys.unseal import unseal
from services.vault.keys.wrapping_file import Slot, WrappingFile
from services.vault.private_files import FileUnusable
from services.vault.root.key import RootKeyUnusable, RootProvider

_FIRST_VERSION = 1


class CannotInitialise(Exception):
    """The vault cannot be initialised; the text says why, and what contains data already."""


@dataclass(frozen=True, slots=True)
class FirstStart:
    """The databases and files of a new vault."""

    keystore: KeyStore
    database: Engine
    root: RootProvider
    file: WrappingFile

    async def initialise(self) -> str:
        """Create what is missing and return a sentence for the operator; raise CannotInitialise.

        Each step is durable before the next, and a second run finds what the first one did. So a crash
        between two steps leaves nothing to clean up. Nothing that exists is overwritten.
        """
        if await self.keystore.installation() is not None:
            return await self._already()
        if not await self.keystore.is_empty() or not await is_empty(self.database):
            raise CannotInitialise(
                "the key store names no installation, but it or the database holds data: restore the key "
                "store; a new root key would not open that data"
            )
        try:
            return await self._begin()
        except (RootKeyUnusable, FileUnusable, OSError) as error:
            raise CannotInitialise(str(error)) from None
        except DoesNotOpen:
            raise CannotInitialise(
                f"{self.file.path} belongs to another root key: restore that root key, or set another path"
            ) from None

    async def _begin(self) -> str:
        with await asyncio.to_thread(self.root.load_or_create) as root:
            if not self.file.exists():
                with wiped(bytearray(os.urandom(KEY_BYTES))) as key:
                    installation = new_id()
                    slot = Slot.seal(key, root, version=_FIRST_VERSION, installation=installation)
                    self.file.create(slot)
            # Read back, so that a new file and one that an earlier run left are treated alike.
            slots = [slot for slot in self.file.slots() if slot is not None]
            if not slots:
                raise DoesNotOpen
            slot = slots[0]
            with wiped(slot.open(root)) as key:
                keyring = Keyring(slot.installation, slot.version, {slot.version: key})
                new = Installation(slot.installation, root.id, slot.version, slot.version)
                begun = await self.keystore.begin(new, system_keys.new_rows(keyring))
        if not begun:
            return await self._already()
        return f"initialised {new.id} with root key {new.root_key_id}"

    async def _already(self) -> str:
        try:
            found = await unseal(self.keystore, self.root, self.file)
        except CannotUnseal as error:
            wanted = await self.keystore.installation()
            raise CannotInitialise(
                f"already initialised with root key {wanted.root_key_id if wanted else '?'}, but {error}"
            ) from None
        found.keyring.wipe()
        return f"already initialised: {found.installation.id} with root key {found.installation.root_key_id}"
