"""What a ciphertext is bound to: associated data that is rebuilt and never read from the ciphertext."""

import struct
from dataclasses import dataclass

_FORMAT = b"\x01"


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a ciphertext belongs. Nothing in it is secret; all of it must match for the ciphertext to open.

    `generation` rises each time the object is rewritten.
    """

    installation: str
    purpose: str
    account: str
    object: str
    generation: int

    def associated_data(self, epoch: int, purpose: str | None = None) -> bytes:
        """Return the fields, each preceded by its length, so that no two bindings give the same bytes.

        `epoch` is the version of the key that encrypts; `purpose` replaces the binding's own.
        """
        fields = (
            _FORMAT,
            self.installation.encode(),
            (purpose or self.purpose).encode(),
            self.account.encode(),
            self.object.encode(),
            struct.pack(">Q", self.generation),
            struct.pack(">I", epoch),
        )
        return b"".join(struct.pack(">I", len(field)) + field for field in fields)
