"""Keeps the keyring in step with the key store, which may name another version or another root key."""

import asyncio

from services.common.logs import log
from services.vault.keys.installation import Installation, NamesInstallation
from services.vault.keys.keyring import CannotUnseal, Keyring, open_keyring
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.key import RootProvider

# A rotation may end, and destroy a version, between reading its name and opening it. Then the next try reads
# the new name.
_TRIES = 3


class KeyringWatch:
    """Renews the keyring that the server uses."""

    def __init__(
        self,
        keyring: Keyring,
        opened_for: Installation,
        *,
        keystore: NamesInstallation,
        provider: RootProvider,
        file: WrappingFile,
    ) -> None:
        """`opened_for` is what the key store named when the keyring was opened."""
        self._keyring = keyring
        self._opened_for = _which(opened_for)
        self._keystore = keystore
        self._provider = provider
        self._file = file
        self._lock = asyncio.Lock()

    async def catch_up(self) -> None:
        """Renew the keyring if the key store names other keys than it holds.

        If that fails, the keyring stays as it is, because what it opens is still valid. Raises Unavailable.
        """
        async with self._lock:
            why = ""
            for _ in range(_TRIES):
                named = await self._keystore.installation()
                if named is None or _which(named) == self._opened_for:
                    return
                try:
                    newer = await asyncio.to_thread(open_keyring, self._provider, self._file, named)
                except CannotUnseal as error:
                    why = str(error)
                    continue
                self._keyring.replace(newer)
                self._opened_for = _which(named)
                log.info("vault.keyring_renewed", version=newer.version, minimum=named.wrapping_minimum)
                return
            log.error("vault.keyring_behind", why=why)


def _which(named: Installation) -> tuple[str, int, int]:
    return named.root_key_id, named.wrapping_version, named.wrapping_minimum
