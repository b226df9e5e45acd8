"""A provider key's account, id and row, and what its ciphertext is bound to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.vault.crypto.binding import Binding
from services.vault.keys.keyring import Keyring


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """The account and id of a key; the account of the operator's key is `operator`."""

    account: str
    id: str

    @property
    def name(self) -> str:
        return _PREFIX + self.id

    @classmethod
    def named(cls, account: str, name: str) -> "KeyPlace":
        """Return the place of the key `apiKeys/{id}` that an account means by this name."""
        return cls(OPERATOR_ACCOUNT if name == MANAGED else account, name.removeprefix(_PREFIX))

    def binding(self, keyring: Keyring, *, base_url: str, generation: int) -> Binding:
        """Return what the key's ciphertext is bound to.

        The endpoint is part of the purpose, so a key whose row was altered to another endpoint does not open.
        """
        return keyring.binding(
            f"api-key for {base_url}", account=self.account, object=self.name, generation=generation
        )


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A provider key's row."""

    place: KeyPlace
    base_url: str
    suite: int
    epoch: int
    generation: int
    blob: bytes

    @classmethod
    def of(cls, columns: Sequence[Any]) -> "KeyRow":
        """Return the row from account, id, base_url, suite, epoch, generation and blob, in this order."""
        account, id_, *others = columns
        return cls(KeyPlace(account, id_), *others)

    def binding(self, keyring: Keyring) -> Binding:
        """Return what this row's blob must be bound to."""
        return self.place.binding(keyring, base_url=self.base_url, generation=self.generation)


#: The name of the operator's key for all accounts.
MANAGED = "apiKeys/managed"
#: The account of the operator's key. People's accounts have ids of 26 characters, so it cannot be one.
OPERATOR_ACCOUNT = "operator"
_PREFIX = "apiKeys/"
