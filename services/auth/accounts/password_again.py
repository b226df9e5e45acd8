"""Asks for the password again before an action that a session alone must not allow."""

from services.auth.accounts.accounts import Accounts, AccountState, Credentials
from services.auth.limits.limits import SignInLimits
from services.auth.passwords.passwords import Passwords
from services.common.errors import DomainError, Kind, Unauthenticated, Unavailable


class PasswordWrong(DomainError):
    """The password that was given to confirm the request is wrong."""

    reason = "PASSWORD_WRONG"
    kind = Kind.FORBIDDEN
    message = "The password is wrong"

    def __init__(self, field: str) -> None:
        super().__init__(violations=[(field, "is not your password")])


class PasswordAgain:
    """Checks a password under the limits of signing in, so that a stolen session is no way around them."""

    def __init__(self, accounts: Accounts, hashes: Passwords, *, limits: SignInLimits) -> None:
        self._accounts = accounts
        self._passwords = hashes
        self._limits = limits

    async def require(self, account: str, password: str, *, field: str, client_address: str) -> Credentials:
        """Return the account; raise PasswordWrong naming the field, LoginRateLimited or Unauthenticated."""
        # Requests that will be refused are refused before they are counted.
        self._passwords.check_room()
        found = await self._accounts.get(account)
        if found is None or found.state is not AccountState.ACTIVE:
            raise Unauthenticated
        # Under a limit of the account's own: strangers can use up the e-mail address's, but are not signed in
        # here.
        attempt = await self._limits.admit(found.email, client_address, device=f"account {account}")
        try:
            known = await self._accounts.by_email(found.email)
            checked = await self._passwords.check(password, known.password if known else None)
        except Unavailable:
            await self._limits.not_checked(attempt)
            raise
        if known is None or known.account.id != account or not checked.right:
            raise PasswordWrong(field)
        await self._limits.succeeded(attempt)
        return known
