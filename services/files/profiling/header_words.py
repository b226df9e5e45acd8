"""The words of a column's name, and those that change what the others mean."""

import re
import unicodedata
from collections.abc import Sequence

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN = re.compile(r"[^a-z0-9]+")
# These names have capital letters inside, which do not begin a word.
_ONE_WORD = {"LinkedIn": "Linkedin", "WhatsApp": "Whatsapp"}
#: Longer names are not looked at beyond this many characters.
_MOST_CHARACTERS = 200
# Say which of several it is, and nothing else.
_WHICH = frozenset(
    {
        "primary",
        "secondary",
        "main",
        "work",
        "business",
        "office",
        "home",
        "personal",
        "private",
        "direct",
        "other",
        "alternate",
        "additional",
        "hq",
        "usd",
        "eur",
        "gbp",
        "dollars",
        "euros",
        "optional",
        "required",
    }
)
# With one of these before it, a name means something else: a date, a count, a state of things.
VOID = frozenset(
    {
        "last",
        "next",
        "is",
        "has",
        "had",
        "no",
        "not",
        "num",
        "total",
        "sum",
        "count",
        "date",
        "time",
        "day",
        "days",
        "hours",
        "since",
        "until",
        "opt",
        "unsubscribed",
        "bounced",
        "sent",
        "open",
        "opened",
        "clicked",
        "replied",
        "valid",
        "invalid",
        "verified",
        "status",
        "campaign",
        "list",
        "deal",
        "task",
        "event",
        "file",
    }
)


def words_of(header: str) -> list[str]:
    """Return the words of a name, in lower case and without accents."""
    header = _as_written(header[:_MOST_CHARACTERS])
    for written, plain in _ONE_WORD.items():
        header = header.replace(written, plain)
    spread = _WORD_STARTS.sub(" ", unicodedata.normalize("NFKD", header).replace("ß", "ss"))
    bare = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return [word for word in _BETWEEN.split(bare.lower()) if word]


def without_which(words: Sequence[str]) -> list[str]:
    """Leave out what only says which of several it is: "Email 2", "Revenue (USD)", "... for Emails"."""
    left = [*words]
    if "for" in left[1:]:
        left = left[: left.index("for", 1)]
    while len(left) > 1 and (left[-1].isdigit() or left[-1] in _WHICH):
        left.pop()
    return left


def _as_written(header: str) -> str:
    """Return a name that was read as Latin-1 as UTF-8, if it is that."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
