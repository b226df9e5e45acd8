"""New passwords, set with the current password or with a link that was sent to the account's address."""

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
    """Stores passwords. A new one ends sessions, devices and links in the same transaction."""

    async def change(self, known: Credentials, new: StoredPassword, *, keep: str, now: datetime) -> bool:
        """Replace the known password; return False if it is no longer the account's.

        The session `keep` is not ended.
        """
        ...

    async def owner(self, digest: bytes) -> Account | None:
        """Return the account whose password a reset token can set."""
        ...

    async def reset(self, digest: bytes, new: StoredPassword, *, now: datetime) -> bool:
        """Use a reset token up and set a new password; return False if the token does not work."""
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
        """Set a new password and end all other sessions; raise PasswordWrong or LoginRateLimited, or what the
        password rules raise.
        """
        known = await self._password_again.require(
            account, current, field=_CURRENT, client_address=client_address
        )
        await self._rules.check(new, email=known.account.email, field="new_password")
        stored = await self._passwords.store(new)
        if not await self._records.change(known, stored, keep=session, now=self._clock()):
            raise PasswordWrong(_CURRENT)

    async def request_reset(self, email: str, *, client_address: str) -> None:
        """Send a link to the address if it has an account; raise MailRateLimited."""
        await self._requests.request(MailKind.PASSWORD_RESET, email, client_address=client_address)

    async def reset(self, token: str, new: str) -> None:
        """Set a new password and end all sessions; raise ResetTokenInvalid, or what the password rules raise.

        A refused password does not use the token up.
        """
        digest = digest_of(token)
        owner = None if digest is None else await self._records.owner(digest)
        if digest is None or owner is None:
            raise ResetTokenInvalid
        await self._rules.check(new, email=owner.email, field="new_password")
        stored = await self._passwords.store(new)
        if not await self._records.reset(digest, stored, now=self._clock()):
            raise ResetTokenInvalid
