"""Which installation a key store belongs to, and which keys open it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Installation:
    """What the key store names. Below `wrapping_minimum` no version of the wrapping key is taken any more.

    The minimum follows the version at the end of a rotation; while they differ, one is under way.
    """

    id: str
    root_key_id: str
    wrapping_version: int
    wrapping_minimum: int
    wrapping_uses: int = 0

    @property
    def rotating(self) -> bool:
        return self.wrapping_minimum < self.wrapping_version


class NamesInstallation(Protocol):
    """Says which keys the key store names; raises Unavailable when it does not answer."""

    async def installation(self) -> Installation | None: ...
