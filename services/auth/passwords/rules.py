"""Which passwords are accepted: long enough, no common one in any disguise, and not the name in the e-mail.

There are no rules about character classes, and a low strength estimate alone refuses nothing: the same rare
character twelve times is allowed. zxcvbn only answers whether a password is essentially one of the 30,000
most common ones in its list, with capitals, appended digits or replaced letters.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from services.auth.passwords.passwords import check_length
from services.common.errors import DomainError, Kind

T = TypeVar("T")

#: A password that contains a common one is refused if it is estimated at fewer than 10^6 guesses. Lower, and
#: mere variations of common passwords pass; higher, and passphrases that contain a common word are refused.
_GUESSES_LOG10 = 6.0
#: zxcvbn's time grows faster than the square of the length, and a common password shows in the first
#: characters.
_LOOKED_AT = 32
#: zxcvbn tries every way in which these characters could stand for letters. With more kinds of them than any
#: disguise needs, it would take seconds.
_SUBSTITUTES = frozenset("@({[<&#!/|$+%")
_MOST_SUBSTITUTES = 3
#: Shorter names of e-mail addresses occur in too many words.
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
    """Runs slow work beside the event loop."""

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; raise Unavailable if too much work is waiting."""
        ...


class PasswordRules:
    """Decides whether a password is accepted."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def check(self, password: str, *, email: str, field: str = "password") -> None:
        """Raise PasswordTooShort, PasswordTooLong, PasswordContainsEmail or PasswordCommon.

        `email` is a normalised address, `field` the field of the request that holds the password.
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
    """Return advice if the password is common, or an empty text. Takes up to 0.1 s."""
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
    # Single characters are in the list, too, and occur in half of all passwords.
    return bool(match.get("dictionary_name") == "passwords" and len(match["token"]) > 2)
