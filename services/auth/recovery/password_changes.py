"""New passwords: by one who knows the old one, or who has the link that was sent to the account's address."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from services.auth.accounts.accounts import Account, Credentials
from services.auth.accounts.password_again import PasswordAgain, PasswordWrong
from services.auth.mail.letters import MailKind
from services.auth.opaque_tokens import digest_of
from services.auth.passwords.passwords import Passwords, StoredPassword
from services.auth.passwords.rules import PasswordRules
from services.auth.recovery.mail_requests import MailRequests
from services.common.errors import DomainError, Kind

_CURRENT = "current_password"


class ResetTokenInvalid(DomainError):
    """The token is invalid, used, expired or replaced by a newer one; which of these is never disclosed."""

    reason = "RESET_TOKEN_INVALID"
    kind = Kind.INVALID
    message = "This link no longer works; request a new one"


class PasswordRecords(Protocol):
    """Where passwords are kept. Each new one ends sessions, devices and links in the same transaction."""

    async def change(self, known: Credentials, new: StoredPassword, *, keep: str, now: datetime) -> bool:
        """Keep a new password in the place of the known one; say no when that is not the account's any more.

        The session `keep` goes on.
        """
        ...

    async def owner(self, digest: bytes) -> Account | None:
        """Return whose password a reset token may set."""
        ...

    async def reset(self, digest: bytes, new: StoredPassword, *, now: datetime) -> bool:
        """Use a reset token up for a new password; say no when it does not work (any more)."""
        ...


class PasswordChanges:
    """Sets new passwords."""

    def __init__(
        self,
        records: PasswordRecords,
        requests: MailRequests,
        *,
        password_again: PasswordAgain,
        rules: PasswordRules,
        hashes: Passwords,
        clock: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._requests = requests
        self._password_again = password_again
        self._rules = rules
        self._passwords = hashes
        self._clock = clock

    async def change(
        self, account: str, current: str, new: str, *, session: str, client_address: str
    ) -> None:
        """Set a new password and end all other sessions; raise PasswordWrong, LoginRateLimited, or what the
        rules say.
        """
        known = await self._password_again.require(
            account, current, field=_CURRENT, client_address=client_address
        )
        await self._rules.check(new, email=known.account.email, field="new_password")
        stored = await self._passwords.store(new)
        if not await self._records.change(known, stored, keep=session, now=self._clock()):
            raise PasswordWrong(_CURRENT)

    async def request_reset(self, email: str, *, client_address: str) -> None:
        """Have a link sent to the address if it has an account; raise MailRateLimited."""
        await self._requests.request(MailKind.PASSWORD_RESET, email, client_address=client_address)

    async def reset(self, token: str, new: str) -> None:
        """Set a new password and end all sessions; raise ResetTokenInvalid or what the rules say.

        A password that is refused does not use the token up.
        """
        digest = digest_of(token)
        owner = None if digest is None else await self._records.owner(digest)
        if digest is None or owner is None:
            raise ResetTokenInvalid
        await self._rules.check(new, email=owner.email, field="new_password")
        stored = await self._passwords.store(new)
        if not await self._records.reset(digest, stored, now=self._clock()):
            raise ResetTokenInvalid
