"""New passwords, set with the current password or with a link that was sent to the account's address."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.auth.accounts.accounts import Account, Credentials
from services.auth.accounts.password_again import PasswordAgain, PasswordWrong
from services.auth.mail.letters import MailKind
from services.auth.opaque_tokens import digest_of
from services.auth.passwords.passwords import Passwords, StoredPassword
from services.auth.passwords.rules import PasswordRules
from services.auth.recovery.ended_access import EndedAccess, Secured
from services.auth.recovery.mail_requests import MailRequests
from services.auth.recovery.suspension import Suspension
from services.common.errors import DomainError, Kind

_CURRENT = "current_password"


class ResetTokenInvalid(DomainError):
    """The token is invalid, used, expired or replaced by a newer one; which of these is never disclosed."""

    reason = "RESET_TOKEN_INVALID"
    kind = Kind.INVALID
    message = "This link no longer works; request a new one"


class PasswordRecords(Protocol):
    """Stores passwords. A new one ends sessions, devices and links in the same transaction."""

    async def change(
        self, known: Credentials, new: StoredPassword, *, keep: str, tokens: bool, now: datetime
    ) -> EndedAccess | None:
        """Replace the known password; return what ended, None if it is no longer the account's.

        The session `keep` is not ended, and access tokens are only with `tokens`.
        """
        ...

    async def owner(self, digest: bytes) -> Account | None:
        """Return the account whose password a reset token can set."""
        ...

    async def reset(
        self, digest: bytes, new: StoredPassword, *, now: datetime, client_address: str, user_agent: str
    ) -> Secured | None:
        """Use a reset token up and set a new password; return what ended, None if the token does not work."""
        ...


@dataclass(frozen=True, slots=True)
class NewPassword:
    """What ended with a new password, and how the password could be stronger (empty for a strong one)."""

    ended: EndedAccess
    advice: str


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
        suspension: Suspension,
        clock: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._requests = requests
        self._password_again = password_again
        self._rules = rules
        self._passwords = hashes
        self._suspension = suspension
        self._clock = clock

    async def change(
        self,
        account: str,
        current: str,
        new: str,
        *,
        session: str,
        end_access_tokens: bool,
        client_address: str,
    ) -> NewPassword:
        """Set a new password and end all other sessions, and the access tokens if they are to end, too.

        Raises PasswordWrong or LoginRateLimited, or what the password rules raise.
        """
        known = await self._password_again.require(
            account, current, field=_CURRENT, client_address=client_address
        )
        advice = await self._rules.check(new, email=known.account.email, field="new_password")
        stored = await self._passwords.store(new)
        ended = await self._records.change(
            known, stored, keep=session, tokens=end_access_tokens, now=self._clock()
        )
        if ended is None:
            raise PasswordWrong(_CURRENT)
        return NewPassword(ended, advice)

    async def request_reset(self, email: str, *, client_address: str) -> None:
        """Send a link to the address if it has an account; raise MailRateLimited."""
        await self._requests.request(MailKind.PASSWORD_RESET, email, client_address=client_address)

    async def reset(self, token: str, new: str, *, client_address: str, user_agent: str) -> NewPassword:
        """Set a new password and end everything that was made before, here and in other services.

        Raises ResetTokenInvalid, or what the password rules raise. A refused password does not use the token
        up.
        """
        self._passwords.check_room()
        digest = digest_of(token)
        owner = None if digest is None else await self._records.owner(digest)
        if digest is None or owner is None:
            raise ResetTokenInvalid
        advice = await self._rules.check(new, email=owner.email, field="new_password")
        stored = await self._passwords.store(new)
        secured = await self._records.reset(
            digest, stored, now=self._clock(), client_address=client_address, user_agent=user_agent
        )
        if secured is None:
            raise ResetTokenInvalid
        return NewPassword(await self._suspension.at_once(secured), advice)
