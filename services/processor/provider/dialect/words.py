"""A provider's own words as they are shown to the owner of a key: short, printable, and without keys."""

import re

MOST_CHARACTERS = 500
_READ_CHARACTERS = 4_000
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
_RUN = re.compile(r"[A-Za-z0-9_+/=*\-]{20,}")


def shown(words: str, *, most: int = MOST_CHARACTERS) -> str:
    """Return words fit to be shown and stored; costs less than a millisecond."""
    words = "".join(letter if letter.isprintable() else " " for letter in words[:_READ_CHARACTERS])
    words = _PREFIXED.sub(REMOVED, " ".join(words.split()))
    words = _NAMED.sub(_without_named, words)
    words = _RUN.sub(lambda found: REMOVED if _is_mixed(found[0]) else found[0], words)
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def _without_named(found: re.Match[str]) -> str:
    value = found[3]
    # "token limit", "api key provided": words, not values.
    return found[0] if value.rstrip(".:)").isalpha() and value.islower() else f"{found[1]}{found[2]}{REMOVED}"


def _is_mixed(run: str) -> bool:
    return any(letter.isdigit() for letter in run) and any(letter.isalpha() for letter in run)
