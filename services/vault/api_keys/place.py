"""A provider key's account, id and row, and what its ciphertext is bound to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.common.key_kinds import KeyKind
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

    def binding(
        self, keyring: Keyring, *, base_url: str, generation: int, kind: KeyKind = KeyKind.OPENAI
    ) -> Binding:
        """Return what the key's ciphertext is bound to.

        The endpoint is part of the purpose, so a key whose row was altered to another endpoint, or to another
        header, does not open. Keys from before there were kinds are of the first one.
        """
        purpose = f"api-key for {base_url}"
        if kind is not KeyKind.OPENAI:
            # No URL has a blank, so no other key has this purpose.
            purpose += f" as {kind.value}"
        return keyring.binding(purpose, account=self.account, object=self.name, generation=generation)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A provider key's row."""

    place: KeyPlace
    base_url: str
    suite: int
    epoch: int
    generation: int
    blob: bytes
    kind: KeyKind = KeyKind.OPENAI
    #: How long a call with the key may take; 0 means as long as the installation says.
    timeout_seconds: int = 0

    @classmethod
    def of(cls, columns: Sequence[Any]) -> "KeyRow":
        """Return the row from its columns: account, id, base_url, and so on in the order of the fields."""
        account, id_, *others = columns
        row = cls(KeyPlace(account, id_), *others)
        return replace(row, kind=KeyKind(row.kind))

    def binding(self, keyring: Keyring) -> Binding:
        """Return what this row's blob must be bound to."""
        return self.place.binding(keyring, base_url=self.base_url, generation=self.generation, kind=self.kind)


#: The name of the operator's key for all accounts.
MANAGED = "apiKeys/managed"
#: The account of the operator's key. People's accounts have ids of 26 characters, so it cannot be one.
OPERATOR_ACCOUNT = "operator"
_PREFIX = "apiKeys/"
