"""Which passwords are taken: long enough, not among the commonest in any disguise, not the e-mail's name.

There are no rules of composition, and a low estimate alone refuses nothing: twelve times the same rare
character is somebody's choice. What zxcvbn is asked is whether a password is in essence one of the 30,000
commonest of its list, with capitals, digits behind it or letters replaced.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from services.auth.passwords.passwords import check_length
from services.common.errors import DomainError, Kind

T = TypeVar("T")

#: What an estimate below this many guesses (10^n) with a common password in it amounts to.
_GUESSES_LOG10 = 6.0
#: zxcvbn's time grows with the square of the length and beyond; a common password shows at the front.
_LOOKED_AT = 32
#: It tries all ways in which such characters could stand for letters. More kinds of them than any disguise
#: needs would keep it busy for seconds.
_SUBSTITUTES = frozenset("@({[<&#!/|$+%")
_MOST_SUBSTITUTES = 3
#: Shorter names of e-mail addresses are in too many words.
_SHORTEST_NAME = 3
_COMMONEST = frozenset(FREQUENCY_LISTS["passwords"])


class PasswordCommon(DomainError):
    """The password is one of the most common ones, or close to one."""

    reason = "PASSWORD_COMMON"
    kind = Kind.INVALID
    message = "This password is too common; choose a longer or more unusual one"

    def __init__(self, field: str, advice: str) -> None:
        super().__init__(violations=[(field, advice)])


class PasswordContainsEmail(DomainError):
    """The password contains the name in the e-mail address."""

    reason = "PASSWORD_CONTAINS_EMAIL"
    kind = Kind.INVALID
    message = "A password must not contain the name in your e-mail address"

    def __init__(self, field: str) -> None:
        super().__init__(violations=[(field, "must not contain the name in your e-mail address")])


class Threads(Protocol):
    """Where slow work runs beside the event loop."""

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; raise Unavailable when too much of it waits."""
        ...


class PasswordRules:
    """Says whether a password is taken."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def check(self, password: str, *, email: str, field: str = "password") -> None:
        """Raise PasswordTooShort, PasswordTooLong, PasswordContainsEmail or PasswordCommon.

        `email` is a normalised address, `field` the request's field that is to blame.
        """
        check_length(password, field)
        if _contains_name(password, email):
            raise PasswordContainsEmail(field)
        advice = await self._threads.run(lambda: advice_against(password))
        if advice:
            raise PasswordCommon(field, advice)


def _contains_name(password: str, email: str) -> bool:
    name, _, _ = email.rpartition("@")[0].partition("+")
    return len(name) >= _SHORTEST_NAME and name in password.casefold()


def advice_against(password: str) -> str:
    """Return what to do instead of a common password; nothing for any other. Takes up to 0.1 s."""
    if password.casefold() in _COMMONEST:
        return "is one of the most common passwords: add another word or two"
    looked_at = password[:_LOOKED_AT]
    if len(_SUBSTITUTES & set(looked_at)) > _MOST_SUBSTITUTES:
        return ""
    estimate = zxcvbn(looked_at)
    if estimate["guesses_log10"] >= _GUESSES_LOG10 or not any(map(_is_common, estimate["sequence"])):
        return ""
    suggestions = " ".join(estimate["feedback"]["suggestions"]).lower().rstrip(".")
    return f"is close to one of the most common passwords: {suggestions or 'add another word or two'}"


def _is_common(match: dict[str, Any]) -> bool:
    if match["pattern"] == "repeat":
        return any(map(_is_common, match["base_matches"]))
    # A single character is on the list, too, and stands in half of all passwords.
    return bool(match.get("dictionary_name") == "passwords" and len(match["token"]) > 2)
