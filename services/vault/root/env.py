"""The root key in an environment variable, for demonstrations only."""

import ctypes
import os

from services.vault.crypto.committing import KEY_BYTES
from services.vault.crypto.secret import Secret
from services.vault.root.key import RootKey, RootKeyUnusable

VARIABLE = "SMELT_VAULT_ROOT_KEY"


class RootKeyVariable:
    """64 hexadecimal digits in the environment, read once and removed from there before they are used."""

    def __init__(self) -> None:
        self._kept: Secret | None = None

    def load(self, wanted: str = "") -> RootKey:
        if self._kept is None:
            self._kept = Secret(_taken())
        return RootKey.of(bytearray(self._kept.reveal()))

    def load_or_create(self) -> RootKey:
        return self.load()

    def make_next(self) -> RootKey:
        raise RootKeyUnusable(f"the root key in {VARIABLE} cannot be rotated")

    def settle(self, id: str) -> None:
        """Do nothing: this provider cannot begin a rotation."""

    def restore(self, key: bytearray) -> None:
        raise RootKeyUnusable(f"set {VARIABLE} where the vault is started; this command cannot")


def _taken() -> bytearray:
    text = os.environ.get(VARIABLE, "")
    if not text:
        raise RootKeyUnusable(f"{VARIABLE} is not set")
    _overwrite()
    del os.environ[VARIABLE]
    try:
        key = bytearray.fromhex(text)
    except ValueError:
        key = bytearray()
    if len(key) != KEY_BYTES:
        raise RootKeyUnusable(f"{VARIABLE} is not {2 * KEY_BYTES} hexadecimal digits")
    return key


def _overwrite() -> None:
    """Overwrite the value in place: unsetting the variable alone leaves it in /proc/PID/environ."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_void_p
    if address := getenv(VARIABLE.encode()):
        ctypes.memset(address, ord("0"), len(ctypes.string_at(address)))
