"""Grants sealed for storage, so that a thief of the processor's database has none that works.

The sealed form is what the processor stores. It opens under a key of the installation that never leaves the
vault, and only the processor may ask for that. A thief of the database alone, or of another service together
with it, has nothing to show.
"""

from dataclasses import dataclass, field

from services.vault.crypto import committing
from services.vault.crypto.committing import DoesNotOpen
from services.vault.crypto.secret import wiped
from services.vault.grants.rules import GrantInvalid

_MAGIC = b"SMG1"
_LABEL = b"smelt/grant-seal/v1"


@dataclass(frozen=True, slots=True)
class GrantSeal:
    """Seals and opens grants of one installation.

    Which grant it is need not be bound: what opens is a whole, signed grant, and says itself what it allows.
    """

    installation: str
    _key: bytearray = field(repr=False)

    def seal(self, token: str) -> bytes:
        """Return a grant in the form in which it is stored."""
        with wiped(bytearray(token.encode("ascii"))) as plain:
            return _MAGIC + committing.seal(self._key, plain, label=_LABEL, context=self._context())

    def open(self, sealed: bytes) -> str:
        """Return the grant; raise GrantInvalid for anything that was not sealed here."""
        if not sealed.startswith(_MAGIC):
            raise GrantInvalid
        try:
            opened = committing.open_sealed(
                self._key, sealed[len(_MAGIC) :], label=_LABEL, context=self._context()
            )
        except DoesNotOpen:
            raise GrantInvalid from None
        with wiped(opened):
            return opened.decode("ascii")

    def _context(self) -> bytes:
        return self.installation.encode()
