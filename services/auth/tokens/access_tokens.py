"""Access tokens: created by a person for scripts, shown once, and limited to their scopes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from services.auth.accounts.accounts import AccountState
from services.auth.limits.limits import Rate, TokenLimits
from services.auth.tokens import token_text
from services.common.errors import DomainError, Kind, ScopeMissing, Unauthenticated
from services.common.identity import Passport
from services.common.lines import check_line
from services.common.paging import Position

#: Enough for one token per script and machine. Without a limit, one account could fill the table.
MOST_TOKENS = 100
#: Each new token is told by mail, so creating and deleting them in a loop would fill the line of mails.
A_DAY = Rate(2 * MOST_TOKENS, timedelta(days=1))
#: The lifetime of a token whose request names none, and the longest that can be requested.
DEFAULT_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=366)
READ, WRITE = "read", "write"


class AccessTokenNotFound(DomainError):
    """The account has no such access token, or it was deleted."""

    reason = "ACCESS_TOKEN_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Access token not found"


class AccessTokenLimit(DomainError):
    """The account has reached its access token limit; expired tokens count until they are deleted."""

    reason = "ACCESS_TOKEN_LIMIT"
    kind = Kind.EXHAUSTED
    message = f"Your account has reached its limit of {MOST_TOKENS} access tokens; delete one first"

    @classmethod
    def of_a_day(cls, retry_after_seconds: int) -> "AccessTokenLimit":
        """Return the refusal of a token because too many were created within a day."""
        message = f"Your account has created {A_DAY.most} access tokens within a day; try again later"
        return cls(message, retry_after_seconds=retry_after_seconds)


class AccessTokenExpiry(DomainError):
    """The expiry time is in the past, or more than 366 days away."""

    reason = "ACCESS_TOKEN_EXPIRY"
    kind = Kind.INVALID
    message = f"An access token must expire in the future, at most {LONGEST_LIFE.days} days from now"

    def __init__(self) -> None:
        super().__init__(violations=[("expire_time", f"must be within {LONGEST_LIFE.days} days from now")])


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token, without its text."""

    id: str
    account: str
    display_name: str
    scopes: tuple[str, ...]
    create_time: datetime
    expire_time: datetime
    last_used_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token and its text, which only the answer to its creator contains."""

    token: AccessToken
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenState:
    """What decides whether a request is let in: facts of a row, and the database's time when it was read."""

    id: str
    account: str
    account_state: str
    scopes: tuple[str, ...]
    last_used_time: datetime | None
    expire_time: datetime
    read_time: datetime
    #: How many passwords the account has had.
    generation: int = 1

    def require_active(self) -> None:
        """Raise Unauthenticated unless the token is active."""
        if self.account_state != AccountState.ACTIVE.value or self.read_time >= self.expire_time:
            raise Unauthenticated


class TokenRecords(Protocol):
    """Stores access tokens."""

    async def add(self, token: AccessToken, digest: bytes, *, most: int) -> bool:
        """Store a new token; return False if the account already has `most`. Raises Unauthenticated."""
        ...

    async def page(self, account: str, after: Position | None, count: int) -> Sequence[AccessToken]:
        """Return the account's tokens, newest first."""
        ...

    async def get(self, account: str, id_: str) -> AccessToken | None:
        """Return a token of the account."""
        ...

    async def remove(self, account: str, id_: str) -> bool:
        """Delete a token of the account; return False if there is none."""
        ...


class AccessTokens:
    """Creates, lists and deletes access tokens."""

    def __init__(
        self,
        records: TokenRecords,
        *,
        limits: TokenLimits,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        random: Callable[[int], bytes],
    ) -> None:
        self._records = records
        self._limits = limits
        self._clock = clock
        self._new_id = new_id
        self._random = random

    async def create(
        self, account: str, display_name: str, *, scopes: Sequence[str], expire_time: datetime | None
    ) -> NewToken:
        """Create a token; raise AccessTokenExpiry, AccessTokenLimit or InvalidRequest."""
        check_line(display_name, "display_name")
        now = self._clock()
        ends = now + DEFAULT_LIFE if expire_time is None else expire_time
        if not now < ends <= now + LONGEST_LIFE:
            raise AccessTokenExpiry
        if wait := await self._limits.admit(account):
            raise AccessTokenLimit.of_a_day(wait)
        token = AccessToken(
            id=self._new_id(),
            account=account,
            display_name=display_name,
            # `write` includes `read`: methods that change something also read from other services.
            scopes=(READ, WRITE) if WRITE in scopes else (READ,),
            create_time=now,
            expire_time=ends,
        )
        text = token_text.compose(self._random(token_text.RANDOM_BYTES))
        digest = token_text.digest_of(text)
        assert digest is not None
        if not await self._records.add(token, digest, most=MOST_TOKENS):
            raise AccessTokenLimit
        return NewToken(token, text)

    async def page(self, account: str, after: Position | None, count: int) -> Sequence[AccessToken]:
        """Return tokens, newest first."""
        return await self._records.page(account, after, count)

    async def get(self, account: str, id_: str) -> AccessToken:
        """Return a token; raise AccessTokenNotFound."""
        token = await self._records.get(account, id_)
        if token is None:
            raise AccessTokenNotFound
        return token

    async def end(self, person: Passport, id_: str) -> None:
        """Delete a token; `current` is the caller's own. Raises AccessTokenNotFound or ScopeMissing.

        Without a session, a token can delete only itself.
        """
        wanted = person.session if id_ == "current" else id_
        if wanted != person.session and "account" not in person.scopes:
            raise ScopeMissing(scope="account")
        if not await self._records.remove(person.account, wanted):
            raise AccessTokenNotFound
