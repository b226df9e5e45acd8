"""What cells look like: numbers, dates, digits with leading zeros, or words for having no value."""

import re
from collections.abc import Sequence
from enum import Enum

#: What programs write where there is no value. What people write, such as "None" or "n/a", is not here.
PLACEHOLDERS = frozenset(
    {
        *("#N/A", "#N/A N/A", "#NA", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!"),
        *("#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#GETTING_DATA", "#ERROR!"),
        *("NULL", "null", "NaN", "nan", "NAN", "-nan", "-NaN", "<NA>", "NaT"),
    }
)
#: The first filled cells of a column, which decide. More cost time; fewer are wrong about columns that begin
#: with other values.
LOOKED_AT = 500
#: The share of them that must be alike. A few that differ, such as a dash, do not make a column of text.
_SHARE = 0.9

# Only ASCII has a meaning here, as in the other forms.
_NUMBER = re.compile(
    r"[+-]?\$?(?:\d+|\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?:[ ']\d{3})+)(?:[.,]\d+)?"
    r"(?:[eE][+-]?\d{1,3})?(?: ?%)?",
    re.ASCII,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[ap]m)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?"
_DATE = re.compile(
    rf"(?:\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}|\d{{1,2}}([-/.])\d{{1,2}}\2(?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}[- ]{_MONTH}[- ,]{{1,2}}\d{{2,4}}|{_MONTH} \d{{1,2}},? \d{{4}}){_TIME}",
    re.ASCII | re.IGNORECASE,
)
_LEADING_ZERO = re.compile(r"0\d+", re.ASCII)


class ValueKind(Enum):
    """What nearly all looked-at cells of a column are."""

    NUMBER = "number"
    DATE = "date"
    #: Digits, of which some begin with a zero: a postcode, a phone number, an account number.
    IDENTIFIER = "identifier"


class ValueKinds:
    """Looks at the first filled cells of a column."""

    def __init__(self) -> None:
        self._seen = 0
        self._numbers = 0
        self._dates = 0
        self._leading_zeros = 0

    @property
    def looks(self) -> bool:
        """Whether more cells are to be looked at."""
        return self._seen < LOOKED_AT

    def look_at(self, cells: Sequence[str]) -> None:
        """Look at some filled cells."""
        for cell in cells[: LOOKED_AT - self._seen]:
            bare = cell.strip() if len(cell) <= 64 else ""
            self._seen += 1
            if _NUMBER.fullmatch(bare):
                self._numbers += 1
                self._leading_zeros += _LEADING_ZERO.fullmatch(bare) is not None
            elif _DATE.fullmatch(bare):
                self._dates += 1

    def result(self) -> ValueKind | None:
        """Return what nearly all cells are; None if they are text or differ."""
        if not self._seen:
            return None
        if self._numbers >= _SHARE * self._seen:
            return ValueKind.IDENTIFIER if self._leading_zeros else ValueKind.NUMBER
        return ValueKind.DATE if self._dates >= _SHARE * self._seen else None
