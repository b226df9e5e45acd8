"""Opening the installation's keys with the root key, or saying why that fails. A failure writes nothing."""

import asyncio
from dataclasses import dataclass

from services.vault.crypto.committing import DoesNotOpen
from services.vault.keys import keyring, system_keys
from services.vault.keys.installation import Installation
from services.vault.keys.keyring import CannotUnseal, Keyring
from services.vault.keys.store import KeyStore
from services.vault.keys.system_keys import SystemKeys
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.key import RootProvider


@dataclass(frozen=True, slots=True)
class Unsealed:
    """An installation with its keys opened."""

    installation: Installation
    keyring: Keyring
    system_keys: SystemKeys


async def unseal(keystore: KeyStore, provider: RootProvider, file: WrappingFile) -> Unsealed:
    """Open the installation's keys; raise CannotUnseal."""
    installation = await keystore.installation()
    if installation is None:
        raise CannotUnseal("the key store is empty: run `python -m services.vault init` once")
    opened = await asyncio.to_thread(keyring.open_keyring, provider, file, installation)
    rows = await keystore.system_keys()
    if late := system_keys.late_rows(opened, {row.kind for row in rows}):
        if not await keystore.add_system_keys(late, version=opened.version):
            raise CannotUnseal("the wrapping key was rotated in the meantime: start the vault again")
        rows = await keystore.system_keys()
    try:
        return Unsealed(installation, opened, system_keys.open_rows(rows, opened))
    except (DoesNotOpen, KeyError, ValueError):
        raise CannotUnseal("the installation's own keys in the key store are damaged or missing") from None
