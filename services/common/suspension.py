"""What a service suspends after an owner has proved the address or reset the password by mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Suspended:
    """How much was suspended, of each kind that a service holds."""

    webhooks: int = 0
    jobs: int = 0
    api_keys: int = 0

    def __add__(self, other: "Suspended") -> "Suspended":
        return Suspended(
            self.webhooks + other.webhooks, self.jobs + other.jobs, self.api_keys + other.api_keys
        )

    def facts(self) -> Mapping[str, str]:
        """Return the counts as a mail tells them."""
        return {"webhooks": str(self.webhooks), "jobs": str(self.jobs), "api_keys": str(self.api_keys)}


class SuspendsEarlier(Protocol):
    """Holds what acts for accounts by itself."""

    async def suspend_earlier(self, account: str, generation: int) -> Suspended:
        """Suspend what was made before this generation of the account's access.

        From then on, passports of older generations make nothing new. Repeating it changes nothing and gives
        the same counts.
        """
        ...
