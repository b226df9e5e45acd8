"""Devices that an owner has signed in with: known by a token, which alone opens nothing.

A login that carries it has a cap on failures of its own, so that strangers who use up the cap of an e-mail
address do not keep its owner out.
"""

from dataclasses import dataclass
from typing import Protocol

#: An account's devices that are remembered; the one that was not used for longest goes first.
MOST_KEPT = 50


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device that is to be remembered."""

    id: str
    digest: bytes


class Devices(Protocol):
    """Where devices are kept."""

    async def find(self, email: str, digest: bytes) -> str | None:
        """Return the id of this device of the account with this normalised address."""
        ...
