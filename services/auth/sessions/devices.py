"""Devices that an owner has signed in with, recognised by a token that opens nothing by itself.

A sign-in with such a token has its own limit on failures, so that strangers who use up the limit of an e-mail
address do not lock its owner out.
"""

from dataclasses import dataclass
from typing import Protocol

#: An account remembers this many devices; then the least recently used one is forgotten. Too few, and an
#: owner's own devices push each other out.
MOST_KEPT = 50


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device to be remembered."""

    id: str
    digest: bytes


class Devices(Protocol):
    """Stores devices."""

    async def find(self, email: str, digest: bytes) -> str | None:
        """Return the id of this device, if it belongs to the account with this normalised address."""
        ...
