"""The likely type of a column, guessed from its name alone. It is for display and renames nothing."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum

EXACT = 0.9
FUZZY = 0.6
#: How similar two names must be to count as one with a typing error. Lower, and different words match;
#: higher, and no errors in short names do.
_ALIKE = 0.85
#: Shorter names are similar by chance too often.
_SHORTEST_SLIP = 5


class ColumnType(Enum):
    """The known types."""

    FIRST_NAME = "first name"
    LAST_NAME = "last name"
    FULL_NAME = "full name"
    EMAIL = "email"
    PHONE = "phone"
    COMPANY_NAME = "company name"
    JOB_TITLE = "job title"
    INDUSTRY = "industry"
    CITY = "city"
    STATE = "state"
    COUNTRY = "country"
    LINKEDIN_URL = "linkedin url"
    WEBSITE = "website"
    COMPANY_SIZE = "company size"
    REVENUE = "revenue"


_NAMES: dict[ColumnType, tuple[str, ...]] = {
    ColumnType.FIRST_NAME: ("first name", "first", "given name"),
    ColumnType.LAST_NAME: ("last name", "last", "surname", "family name"),
    ColumnType.FULL_NAME: ("full name", "name", "contact name"),
    ColumnType.EMAIL: ("email", "e mail", "email address", "contact email"),
    ColumnType.PHONE: ("phone", "phone number", "mobile", "telephone"),
    ColumnType.COMPANY_NAME: ("company", "company name", "organization", "organisation"),
    ColumnType.JOB_TITLE: ("title", "job title", "position"),
    ColumnType.INDUSTRY: ("industry", "sector", "vertical"),
    ColumnType.CITY: ("city", "location"),
    ColumnType.STATE: ("state", "region", "province"),
    ColumnType.COUNTRY: ("country", "nation"),
    ColumnType.LINKEDIN_URL: ("linkedin", "linkedin url", "profile"),
    ColumnType.WEBSITE: ("website", "url", "company website"),
    ColumnType.COMPANY_SIZE: ("company size", "employees", "size"),
    ColumnType.REVENUE: ("revenue", "annual revenue", "arr"),
}
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN = re.compile(r"[^a-z0-9]+")
# This name has a capital letter inside, which does not begin a word.
_ONE_WORD = {"LinkedIn": "Linkedin"}


@dataclass(frozen=True, slots=True)
class Guess:
    """A type, and how likely it is, from 0 to 1."""

    type: ColumnType
    confidence: float


def guess(header: str) -> Guess | None:
    """Return the likely type of a column with this name; None when the name says nothing."""
    words = _words(header)
    squeezed = "".join(words)
    if not squeezed:
        return None
    for kind, names in _NAMES.items():
        if any(squeezed == name.replace(" ", "") for name in names):
            return Guess(kind, EXACT)
    likely = _within(words) or _slip(squeezed)
    return Guess(likely, FUZZY) if likely else None


def _words(header: str) -> list[str]:
    for written, plain in _ONE_WORD.items():
        header = header.replace(written, plain)
    return [word for word in _BETWEEN.split(_WORD_STARTS.sub(" ", header).lower()) if word]


def _within(words: list[str]) -> ColumnType | None:
    """Return the type of a known name within a longer one: of the last, then of the longest."""
    best: tuple[int, int] = (0, 0)
    found: ColumnType | None = None
    for kind, names in _NAMES.items():
        for name in names:
            parts = name.split(" ")
            for place in range(len(words) - len(parts) + 1):
                rank = (place + len(parts), len(parts))
                if words[place : rank[0]] == parts and rank > best:
                    best, found = rank, kind
    return found


def _slip(squeezed: str) -> ColumnType | None:
    """Return the type of the known name that is most similar to a misspelt one."""
    if not _SHORTEST_SLIP <= len(squeezed) <= 30:
        return None
    likest, found = _ALIKE, None
    for kind, names in _NAMES.items():
        for name in names:
            likeness = SequenceMatcher(None, squeezed, name.replace(" ", "")).ratio()
            if likeness >= likest and len(name) >= _SHORTEST_SLIP:
                likest, found = likeness, kind
    return found
