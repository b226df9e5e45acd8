"""Turns cells that a spreadsheet would take for formulas into text; numbers stay numbers."""

import re
import string

# Programs for Chinese, Japanese and Korean also accept the full-width forms.
_BEGINNINGS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
# What programs skip at the beginning of a cell, and quotation marks, which some of them remove.
_SKIPPED = (
    string.whitespace
    + "\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\u200b\u2060\ufeff"
    + '"“”'
)
_SKIPPED += "".join(map(chr, range(0x2000, 0x200B)))
_NUMBER = re.compile(
    r"[+-]?\s?[$€£¥]?\s?(?:\d[\d.,'\xa0\u202f]*|\.\d+)(?:[eE][+-]?\d+)?\s?[%$€£¥]?", re.ASCII
)


def as_text(cell: str) -> str:
    """Return a cell with an apostrophe in front if a spreadsheet would run it, otherwise unchanged.

    See OWASP, CSV injection. The apostrophe is how spreadsheets themselves mark text.
    """
    begin = cell.lstrip(_SKIPPED)
    if not begin.startswith(_BEGINNINGS) or _NUMBER.fullmatch(cell.strip()):
        return cell
    return "'" + cell
