"""Grants: permission for the processor to continue one piece of work after its owner has left."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Protocol

from services.auth.admission.check import ActiveSessions
from services.auth.sessions.sessions import SignedToken
from services.common.errors import InvalidRequest


class Purpose(Enum):
    """What a grant is for, by its name in the token."""

    JOB = "job"
    TEMPLATE_TEST = "template-test"
    KEY_TEST = "key-test"
    WEBHOOK = "webhook"


#: How long a grant lives. Shorter, and work pauses before it is done; longer, and a stolen grant stays
#: useful.
LIVES = {
    Purpose.JOB: timedelta(days=7),
    Purpose.TEMPLATE_TEST: timedelta(minutes=10),
    Purpose.KEY_TEST: timedelta(minutes=10),
    # A job runs for seven days at most after its owner has left, and its messages are repeated for four.
    Purpose.WEBHOOK: timedelta(days=14),
}
#: The fields that a grant of each purpose must have, besides the API key and the release budget.
_NEEDED = {
    Purpose.JOB: ("job", "file", "parse", "first_row", "last_row", "template_count"),
    Purpose.TEMPLATE_TEST: ("file", "parse", "first_row", "last_row", "template_count"),
    Purpose.KEY_TEST: (),
    Purpose.WEBHOOK: (),
}
#: What a grant of each purpose must not name.
_EMPTY = {
    Purpose.TEMPLATE_TEST: ("economy",),
    Purpose.KEY_TEST: ("job", "file", "economy"),
    # It allows nothing but signing messages, so it names no data, no key and no releases.
    Purpose.WEBHOOK: (
        "job",
        "file",
        "parse",
        "api_key",
        "first_row",
        "last_row",
        "template_count",
        "release_budget",
        "economy",
    ),
}


@dataclass(frozen=True, slots=True)
class GrantedWork:
    """The work that a grant permits; the account comes from the passport, never from here."""

    purpose: Purpose
    job: str
    file: str
    parse: int
    api_key: str
    first_row: int
    last_row: int
    template_count: int
    release_budget: int
    #: Whether the calls of a job may go in batches.
    economy: bool = False

    def check(self) -> None:
        """Raise InvalidRequest, naming every field that does not fit the purpose."""
        needed = _NEEDED[self.purpose]
        if self.purpose is not Purpose.WEBHOOK:
            needed = (*needed, "api_key", "release_budget")
        missing = [name for name in needed if not getattr(self, name)]
        wrong = [(name, f"is required for a {self.purpose.value}") for name in missing]
        counts = ("parse", "first_row", "last_row", "template_count", "release_budget")
        wrong += [(name, "must not be negative") for name in counts if getattr(self, name) < 0]
        if self.last_row < self.first_row:
            wrong.append(("last_row", "must not be less than first_row"))
        must_be_empty = _EMPTY.get(self.purpose, ())
        what = self.purpose.value.replace("-", " ")
        wrong += [(name, f"must be empty for a {what}") for name in must_be_empty if getattr(self, name)]
        if wrong:
            raise InvalidRequest(violations=wrong)


@dataclass(frozen=True, slots=True)
class SignedGrant:
    """A grant, and the same one sealed by the vault, for storage."""

    signed: SignedToken
    sealed: bytes = field(repr=False)


class GrantSigner(Protocol):
    """Signs grants."""

    async def sign_grant(self, account: str, work: GrantedWork, *, life: timedelta) -> SignedGrant:
        """Return a signed grant for this account's work."""
        ...


class Grants:
    """Mints grants for callers whose session is active at this moment."""

    def __init__(self, active: ActiveSessions, signer: GrantSigner) -> None:
        self._active = active
        self._signer = signer

    async def mint(self, work: GrantedWork, *, account: str, session: str) -> SignedGrant:
        """Return a grant with its purpose's lifetime; raise Unauthenticated or InvalidRequest."""
        work.check()
        # A passport outlives its session by minutes at most, but a grant would by days.
        await self._active.require(session, account=account)
        return await self._signer.sign_grant(account, work, life=LIVES[work.purpose])
