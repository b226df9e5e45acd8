"""Signing in by a link sent by mail: the way in while strangers use up the attempts for an owner's address.

It gives no more access than a reset link does: anyone who can read an owner's mail can take over the account.
"""

from typing import Protocol

from services.auth.mail.letters import MailKind
from services.auth.opaque_tokens import digest_of
from services.auth.recovery.mail_requests import MailRequests
from services.auth.sessions.sessions import Device, Sessions, SignedIn
from services.common.errors import DomainError, Kind, Unauthenticated


class SignInLinkInvalid(DomainError):
    """The token is invalid, used, expired or replaced by a newer one; which of these is never disclosed."""

    reason = "SIGN_IN_LINK_INVALID"
    kind = Kind.INVALID
    message = "This link no longer works; request a new one"


class LinkTokens(Protocol):
    """Stores the tokens of links."""

    async def use_sign_in(self, digest: bytes) -> tuple[str, int] | None:
        """Use a token up; return its account and the generation of its password."""
        ...


class SignInLinks:
    """Sends sign-in links and accepts them."""

    def __init__(self, requests: MailRequests, tokens: LinkTokens, sessions: Sessions) -> None:
        self._requests = requests
        self._tokens = tokens
        self._sessions = sessions

    async def request(self, email: str, *, client_address: str) -> None:
        """Send a link to the address if it has an account; raise MailRateLimited."""
        await self._requests.request(MailKind.SIGN_IN_LINK, email, client_address=client_address)

    async def confirm(self, token: str, *, device: Device) -> SignedIn:
        """Sign in; raise SignInLinkInvalid."""
        digest = digest_of(token)
        used = None if digest is None else await self._tokens.use_sign_in(digest)
        if used is None:
            raise SignInLinkInvalid
        account, generation = used
        try:
            return await self._sessions.open(account, generation, device=device)
        except Unauthenticated:
            raise SignInLinkInvalid from None
