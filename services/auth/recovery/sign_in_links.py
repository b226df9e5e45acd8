"""Signing in by a link sent by mail: the way in while strangers use up the attempts for an owner's address.

It gives no more access than a reset link does: anyone who can read an owner's mail can take over the account.
The first link that is used proves the address. What was made before may be a stranger's, who registered it
first, so it ends, and the password with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.auth.mail.letters import MailKind
from services.auth.opaque_tokens import digest_of
from services.auth.recovery.ended_access import EndedAccess, Secured
from services.auth.recovery.mail_requests import MailRequests
from services.auth.recovery.suspension import Suspension
from services.auth.sessions.sessions import Device, Sessions, SignedIn
from services.common.errors import DomainError, Kind, Unauthenticated


class SignInLinkInvalid(DomainError):
    """The token is invalid, used, expired or replaced by a newer one; which of these is never disclosed."""

    reason = "SIGN_IN_LINK_INVALID"
    kind = Kind.INVALID
    message = "This link no longer works; request a new one"


@dataclass(frozen=True, slots=True)
class UsedLink:
    """A link that was used: its account, the generation of its password, and what ended with the link."""

    account: str
    generation: int
    #: None unless this link was the first proof of the address.
    secured: Secured | None = None


class LinkTokens(Protocol):
    """Stores the tokens of links."""

    async def use_sign_in(self, digest: bytes, *, now: datetime) -> UsedLink | None:
        """Use a token up; if it is the first proof of the address, end what was made before."""
        ...


class SignInLinks:
    """Sends sign-in links and accepts them."""

    def __init__(
        self,
        requests: MailRequests,
        tokens: LinkTokens,
        sessions: Sessions,
        *,
        suspension: Suspension,
        clock: Callable[[], datetime],
    ) -> None:
        self._requests = requests
        self._tokens = tokens
        self._sessions = sessions
        self._suspension = suspension
        self._clock = clock

    async def request(self, email: str, *, client_address: str) -> None:
        """Send a link to the address if it has an account; raise MailRateLimited."""
        await self._requests.request(MailKind.SIGN_IN_LINK, email, client_address=client_address)

    async def confirm(self, token: str, *, device: Device) -> tuple[SignedIn, EndedAccess | None]:
        """Sign in; also return what ended if the link was the first proof; raise SignInLinkInvalid."""
        digest = digest_of(token)
        used = None if digest is None else await self._tokens.use_sign_in(digest, now=self._clock())
        if used is None:
            raise SignInLinkInvalid
        ended = None if used.secured is None else await self._suspension.at_once(used.secured)
        try:
            return await self._sessions.open(used.account, used.generation, device=device), ended
        except Unauthenticated:
            raise SignInLinkInvalid from None
