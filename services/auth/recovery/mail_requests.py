"""Mails that are requested without signing in: the same work and the same answer for every address."""

from typing import Protocol

from services.auth.accounts import emails
from services.auth.accounts.emails import EmailInvalid, uncommon
from services.auth.limits.limits import MailLimits
from services.auth.mail.letters import Mail, MailKind


class Outbox(Protocol):
    """Where mails wait to be sent."""

    async def queue(self, mail: Mail) -> None:
        """Queue a mail; whether it is sent is decided when it is written."""
        ...


class MailRequests:
    """Accepts requests; whether the address has an account is looked up only when the mail is written."""

    def __init__(self, outbox: Outbox, limits: MailLimits) -> None:
        self._outbox = outbox
        self._limits = limits

    async def request(self, kind: MailKind, email: str, *, client_address: str) -> None:
        """Send a mail to the address if it has an account; raise MailRateLimited."""
        try:
            address = emails.normalise(email)
        except EmailInvalid:
            # A malformed address has no account, and must be answered like any other without one.
            await self._limits.admit(kind.value, uncommon(email), client_address)
            return
        await self._limits.admit(kind.value, address, client_address)
        await self._outbox.queue(Mail(kind, address))
