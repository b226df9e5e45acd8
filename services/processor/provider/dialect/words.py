"""A provider's own words as they are shown to the owner of a key: short, printable, and without keys."""

import re
from collections.abc import Callable

MOST_CHARACTERS = 500
READ_CHARACTERS = 4_000
#: What is put where something was taken out.
REMOVED = "[removed]"
#: What looks like a credential: a prefix that providers give to keys, a token that is named as one, or a long
#: run of letters and digits mixed.
_PREFIXED = re.compile(
    r"(?i)\b(?:sk|pk|rk|gsk|xai|hf|pplx|nvapi|r8|csk|fw|tgp|glpat|ghp|key|api|tok(?:en)?|or|ak|lsv2)[-_][A-Za-z0-9_*.\-]{4,}"
    r"|\bAIza[A-Za-z0-9_\-]{8,}|\beyJ[A-Za-z0-9_\-.]{8,}"
)
_NAMED = re.compile(
    r"(?i)\b(bearer|api[ _-]?key(?: provided)?|authorization|token|secret|password)(\s*[:=]\s*|\s+)"
    r"(?:bearer\s+)?[\"'`]?([^\s\"'`,;<>]{6,})"
)
_WORD = re.compile(r"[A-Za-z0-9]{4,}")
_RUN = re.compile(r"[A-Za-z0-9_+/=*\-]{20,}")


def shown(words: str, *, hide: Callable[[str], bool] = lambda _: False) -> str:
    """Return words fit to be shown and stored, without those that `hide` names.

    Costs a few milliseconds at most.
    """
    words = "".join(letter if letter.isprintable() else " " for letter in words[:READ_CHARACTERS])
    words = _PREFIXED.sub(REMOVED, " ".join(words.split()))
    words = _NAMED.sub(_without_named, words)
    words = _RUN.sub(lambda found: REMOVED if _is_mixed(found[0]) else found[0], words)
    if len(words) > MOST_CHARACTERS:
        words = f"{words[: MOST_CHARACTERS - 1].rstrip()}…"
    words = " ".join(REMOVED if hide(word) else word for word in words.split(" "))
    return _WORD.sub(lambda found: REMOVED if hide(found[0]) else found[0], words)


def _without_named(found: re.Match[str]) -> str:
    value = found[3]
    # "token limit", "api key provided": words, not values.
    return found[0] if value.rstrip(".:)").isalpha() and value.islower() else f"{found[1]}{found[2]}{REMOVED}"


def _is_mixed(run: str) -> bool:
    return any(letter.isdigit() for letter in run) and any(letter.isalpha() for letter in run)
