"""Turns cells that a spreadsheet would take for formulas into text; what can do nothing stays as it is.

See OWASP, CSV injection. An apostrophe is how spreadsheets themselves mark text. docs/csv.md says which cells
get one.
"""

import re
import unicodedata
from functools import lru_cache

# Where Unicode has other forms of the signs of ASCII: raised and lowered, doubled, small and full-width.
_FORMS = (*range(0x2070, 0x20A0), *range(0x2A74, 0x2A77), 0xFB29, *range(0xFE10, 0xFFF0))


def _widths_of(sign: str) -> str:
    """Return a sign in all its widths and sizes."""
    return sign + "".join(form for form in map(chr, _FORMS) if _plain(form)[:1] == sign)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


_EQUALS = _widths_of("=")
_SIGNS = _EQUALS + _widths_of("+") + _widths_of("-") + _widths_of("@")
_OPENING, _CALLED, _BAR = _widths_of("("), _widths_of("!"), _widths_of("|")
# A program that expects another delimiter begins a new cell after one of these, wherever it stands.
_DELIMITERS = ",;|"
_SPLITTING = ";|\t\r\n"
# A run of delimiters, and of all that may be invisible or a quotation mark. It is taken as a whole, so that
# looking for runs takes a time that grows with the cell alone.
_RUN = re.compile(rf"[{_SPLITTING}](?:[^!-~{re.escape(_SIGNS)}]|[\",;|])*+")
_NUMBER = re.compile(
    r"[+-]?\s?[$€£¥]?\s?(?:\d[\d.,'\xa0\u202f]*|\.\d+)(?:[eE][+-]?\d+)?\s?[%$€£¥]?", re.ASCII
)
_SPACE = "[ \xa0\u202f]"
# After the country's code stands a space, so the rest cannot be calculated: +49-30-901820 can.
_PHONE = re.compile(
    rf"\+\d{{1,4}}{_SPACE}(?:\(\d{{1,5}}\){_SPACE}?)?\d(?:(?:{_SPACE}|[.-])?\d){{3,14}}", re.ASCII
)
_LIST = re.compile(r"-[ \xa0]+[^\W\d_]")
# Without these a formula calls no function, starts no program and names no other sheet or table.
_ACTIVE = frozenset("()|![]{}@#=\\")
_CELL_NAME = re.compile(r"(?<!\w)\$?[a-z]{1,3}\$?\d{1,7}(?!\w)", re.IGNORECASE | re.ASCII)

# What a formula in the middle of a text needs to call a function or to name another sheet. Prose has brackets
# and marks of exclamation too, but not these right beside a word.
_DOES = re.compile(rf"\w[{_OPENING}]|\b[A-Z][A-Z0-9.]+\s+[{_OPENING}]|[{_CALLED}]\$?\w")
# A line under a heading.
_LINE = re.compile(rf"[{_EQUALS}]+[ \t]*(?:[\r\n]|\Z)")


def as_text(cell: str) -> str:
    """Return a cell with apostrophes where a spreadsheet would begin to run it, otherwise unchanged.

    One stands in front of a cell that begins like a formula, and one before each formula that a program which
    expects another delimiter would find in the middle of it.
    """
    # Most cells are one line of prose, which takes a microsecond.
    neutral = "".join(_apart(cell)) if any(sign in cell for sign in _SPLITTING) else cell
    return "'" + neutral if _begins_like_formula(cell) else neutral


def _begins_like_formula(cell: str) -> bool:
    first = next((letter for letter in cell if not _is_skipped(letter)), "")
    return bool(first) and first in _SIGNS and not _is_harmless(cell.strip())


def _is_harmless(cell: str) -> bool:
    """Whether a cell that begins with a sign is a number, a phone number, or words after a dash."""
    if _NUMBER.fullmatch(cell) or _PHONE.fullmatch(cell):
        return True
    if not _LIST.match(cell):
        return False
    plain = _plain(cell)
    return _ACTIVE.isdisjoint(plain) and not _CELL_NAME.search(plain)


def _apart(cell: str) -> list[str]:
    """Return a cell in parts, with an apostrophe between a delimiter in it and a formula after that."""
    parts, done, last = [], 0, None
    for run in _RUN.finditer(cell):
        end = run.end()
        if (end == len(cell) or cell[end] not in _SIGNS) or not _ends_in_delimiter(run[0]):
            continue
        if last is None:
            last = _last_deed(cell)
        if last > end or (cell[end] in _EQUALS and not _LINE.match(cell, end)):
            parts += [cell[done:end], "'"]
            done = end
    return [*parts, cell[done:]]


def _last_deed(cell: str) -> int:
    """Return the place of the last thing in a text that a formula could do; -1 if there is none."""
    last = max((found.start() for found in _DOES.finditer(cell)), default=-1)
    # A program is started by its name, a bar, what it is told, and a mark of exclamation.
    called = max(map(cell.rfind, _CALLED))
    return max(last, *(cell.rfind(bar, 0, max(called, 0)) for bar in _BAR))


def _ends_in_delimiter(run: str) -> bool:
    """Whether nothing that is seen stands after the last delimiter of a run."""
    last = max(map(run.rfind, _SPLITTING))
    return all(map(_is_skipped, run[last + 1 :]))


def _is_skipped(letter: str) -> bool:
    """Whether programs or people may not see a letter, or take it off: then what follows begins the cell."""
    if letter.isascii():
        return not letter.isprintable() or letter in ' "' or letter in _DELIMITERS
    return _is_unseen(letter)


@lru_cache(maxsize=4096)
def _is_unseen(letter: str) -> bool:
    # Control and format characters, what is not assigned, spaces, and marks, which need a letter before them.
    if unicodedata.category(letter)[0] in "CZM":
        return True
    # Fillers are letters that show nothing.
    name = unicodedata.name(letter, "")
    return "QUOTATION MARK" in name or "FILLER" in name or "BLANK" in name
