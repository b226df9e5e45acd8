"""The password asked for once more, before what cannot be undone; a session alone is not enough for it."""

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
    """Counts like a sign-in, so that a stolen session is no way around its limits."""

    def __init__(self, accounts: Accounts, hashes: Passwords, *, limits: SignInLimits) -> None:
        self._accounts = accounts
        self._passwords = hashes
        self._limits = limits

    async def require(self, account: str, password: str, *, field: str, client_address: str) -> Credentials:
        """Return the account; raise PasswordWrong naming the field, LoginRateLimited or Unauthenticated."""
        found = await self._accounts.get(account)
        if found is None or found.state is not AccountState.ACTIVE:
            raise Unauthenticated
        # With a cap of the account's own: strangers who use up the e-mail address's are not signed in to it.
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
