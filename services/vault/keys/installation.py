"""The installation that a key store belongs to, and the keys that open it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Installation:
    """What the key store names. Versions of the wrapping key below `wrapping_minimum` are refused.

    The minimum becomes the version at the end of a rotation; while they differ, a rotation is under way.
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
