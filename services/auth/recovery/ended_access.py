"""What no longer works because it dates from before an owner proved the address or set a new password."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.auth.due.work import Claim
from services.common.suspension import Suspended


@dataclass(frozen=True, slots=True)
class EndedAccess:
    """What was ended here, and what other services have suspended."""

    #: How many were still working.
    sessions: int = 0
    devices: int = 0
    access_tokens: int = 0
    #: Whether the password no longer works although no new one was set.
    password: bool = False
    suspended: Suspended = field(default_factory=Suspended)
    #: Whether another service has still to suspend what it holds.
    pending: bool = False

    def facts(self) -> Mapping[str, str]:
        """Return the counts as a mail tells them; those of other services are added once they are known."""
        return {
            "sessions": str(self.sessions),
            "devices": str(self.devices),
            "access_tokens": str(self.access_tokens),
            "password": "yes" if self.password else "",
        }


@dataclass(frozen=True, slots=True)
class Secured:
    """An account whose earlier access has ended here, and the claim on what is left to do elsewhere."""

    ended: EndedAccess
    #: None when there is nothing to suspend.
    claim: Claim | None = None
