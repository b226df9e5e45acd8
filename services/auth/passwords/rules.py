"""Which passwords are accepted: long enough, hard to guess, and without the name in the e-mail address.

There are no rules about character classes. zxcvbn estimates how many guesses a password takes for somebody
who knows common passwords, words, names, dates, keyboards and repetitions. Fewer than a million are refused;
a password that is accepted but easy comes with advice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from services.auth.passwords.passwords import check_length
from services.common.errors import DomainError, Kind

T = TypeVar("T")

#: A password that is estimated at fewer guesses is refused: zxcvbn's scores 0 and 1. Lower, and mere
#: variations of common passwords pass; higher, and passphrases that contain a common word are refused.
_REFUSED_LOG10 = 6.0
#: An accepted password below this gets advice: zxcvbn's score 2.
_WEAK_LOG10 = 8.0
#: zxcvbn's time grows faster than the square of the length, so it is given pieces of this length, and no more
#: of them than an honest password needs to be found strong.
_LOOKED_AT = 32
_MOST_PIECES = 3
#: zxcvbn tries every way in which these characters could stand for letters. With more kinds of them than any
#: disguise needs, it would take seconds.
_SUBSTITUTES = frozenset("@({[<&#!/|$+%")
_MOST_SUBSTITUTES = 3
#: Shorter names of e-mail addresses occur in too many words.
_SHORTEST_NAME = 3
_COMMONEST = frozenset(FREQUENCY_LISTS["passwords"])
_ANOTHER_WORD = "add another word or two"


class PasswordCommon(DomainError):
    """The password is one of the most common ones, or close to one."""

    reason = "PASSWORD_COMMON"
    kind = Kind.INVALID
    message = "This password is too common; choose a longer or more unusual one"

    def __init__(self, field: str, advice: str) -> None:
        super().__init__(violations=[(field, advice)])


class PasswordWeak(DomainError):
    """The password is easy to guess, for example one character many times."""

    reason = "PASSWORD_WEAK"
    kind = Kind.INVALID
    message = "This password is too easy to guess; choose a more unusual one"

    def __init__(self, field: str, advice: str) -> None:
        super().__init__(violations=[(field, advice)])


class PasswordContainsEmail(DomainError):
    """The password contains the name in the e-mail address."""

    reason = "PASSWORD_CONTAINS_EMAIL"
    kind = Kind.INVALID
    message = "A password must not contain the name in your e-mail address"

    def __init__(self, field: str) -> None:
        super().__init__(violations=[(field, "must not contain the name in your e-mail address")])


#: Every reason to refuse a password of the right length.
REFUSALS = (PasswordCommon, PasswordWeak, PasswordContainsEmail)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the estimate says: whether the password is refused, and how it could be stronger."""

    common: bool
    weak: bool
    #: Empty for a strong password.
    advice: str


class Threads(Protocol):
    """Runs slow work beside the event loop."""

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; raise Unavailable if too much work is waiting."""
        ...


class PasswordRules:
    """Decides whether a password is accepted."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def check(self, password: str, *, email: str, field: str = "password") -> str:
        """Return how an accepted password could be stronger, empty for a strong one.

        `email` is a normalised address, `field` the field of the request that holds the password. Raises
        PasswordTooShort, PasswordTooLong, PasswordContainsEmail, PasswordCommon or PasswordWeak.
        """
        check_length(password, field)
        if _contains_name(password, email):
            raise PasswordContainsEmail(field)
        judgement = await self._threads.run(lambda: judged(password))
        if judgement.common:
            raise PasswordCommon(field, judgement.advice)
        if judgement.weak:
            raise PasswordWeak(field, judgement.advice)
        return judgement.advice


def _contains_name(password: str, email: str) -> bool:
    name, _, _ = email.rpartition("@")[0].partition("+")
    return len(name) >= _SHORTEST_NAME and name in password.casefold()


def judged(password: str) -> Judgement:
    """Estimate how hard a password is to guess. Takes up to 0.3 s."""
    if password.casefold() in _COMMONEST:
        return Judgement(True, True, f"is one of the most common passwords: {_ANOTHER_WORD}")
    hardest: dict[str, Any] = {"guesses_log10": -1.0}
    for piece in _pieces(password):
        if len(_SUBSTITUTES & set(piece)) > _MOST_SUBSTITUTES:
            return Judgement(False, False, "")
        # A password is at least as hard to guess as the hardest of its pieces.
        hardest = max(hardest, zxcvbn(piece), key=lambda estimate: estimate["guesses_log10"])
        if hardest["guesses_log10"] >= _WEAK_LOG10:
            return Judgement(False, False, "")
    suggestions = " ".join(hardest["feedback"]["suggestions"]).rstrip(".") or _ANOTHER_WORD
    if hardest["guesses_log10"] >= _REFUSED_LOG10:
        return Judgement(False, False, f"{suggestions[0].upper()}{suggestions[1:]}.")
    common = any(map(_is_common, hardest["sequence"]))
    what = "is close to one of the most common passwords" if common else "is easy to guess"
    return Judgement(common, True, f"{what}: {suggestions.lower().replace('. ', '; ')}")


def _pieces(password: str) -> Iterator[str]:
    """Yield what is estimated: of a text that repeats itself only the beginning, which says so."""
    if _period(password) <= _LOOKED_AT // 2:
        yield password[:_LOOKED_AT]
        return
    for start in range(0, min(len(password), _MOST_PIECES * _LOOKED_AT), _LOOKED_AT):
        yield password[start : start + _LOOKED_AT]


def _period(text: str) -> int:
    """Return the smallest number of characters after which a text repeats itself to its end."""
    # The failure function of Knuth, Morris and Pratt.
    borders = [0] * len(text)
    for place in range(1, len(text)):
        border = borders[place - 1]
        while border and text[place] != text[border]:
            border = borders[border - 1]
        borders[place] = border + (text[place] == text[border])
    return len(text) - borders[-1]


def _is_common(match: dict[str, Any]) -> bool:
    if match["pattern"] == "repeat":
        return any(map(_is_common, match["base_matches"]))
    # Single characters are in the list, too, and occur in half of all passwords.
    return bool(match.get("dictionary_name") == "passwords" and len(match["token"]) > 2)
