"""The options by which a file is read, as people write them on the command line."""

from __future__ import annotations

import codecs
import shlex
from typing import Annotated, Any

import typer

from ..models import Offer
from .common import WrongUsage
from .printing import clean

ENCODINGS = (
    "utf-8, utf-16-le, utf-16-be, windows-1250, windows-1251, windows-1252, latin-1, mac-roman, koi8-r, "
    "shift_jis, gb18030, big5 or euc-kr"
)
Encoding = Annotated[str | None, typer.Option(help=f"{ENCODINGS}; detected if missing.", show_default=False)]
Delimiter = Annotated[
    str | None,
    typer.Option(
        help="comma, semicolon, tab or pipe, or the character itself; none makes each line one cell; "
        "detected if missing.",
        show_default=False,
    ),
]
#: Of commands whose `--delimiter` is that of the result.
FileDelimiter = Annotated[
    str | None,
    typer.Option(
        "--file-delimiter",
        help="What separates the cells of FILE: comma, semicolon, tab, pipe or none; detected if missing.",
        show_default=False,
    ),
]
SkipRows = Annotated[
    int | None,
    typer.Option("--skip-rows", min=0, max=1000, help="Lines before the header to skip.", show_default=False),
]
SkipLastRows = Annotated[
    int | None,
    typer.Option(
        "--skip-last-rows",
        min=0,
        max=1000,
        help="Rows at the end to skip, such as totals and notes.",
        show_default=False,
    ),
]
DuplicateNames = Annotated[
    str | None,
    typer.Option(
        "--duplicate-names",
        metavar="number",
        help="Give repeated column names a number: Email, Email (2).",
        show_default=False,
    ),
]
Sheet = Annotated[
    str | None,
    typer.Option(
        help="The name of a workbook's sheet; the first that is visible and not empty if missing.",
        show_default=False,
    ),
]

#: The server's names by those of Python, which knows all the usual ones.
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "cp1250": "windows-1250",
    "cp1251": "windows-1251",
    "cp1252": "windows-1252",
    "iso8859-1": "latin-1",
    "mac-roman": "mac-roman",
    "koi8-r": "koi8-r",
    "shift_jis": "shift_jis",
    "cp932": "shift_jis",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "big5": "big5",
    "cp950": "big5",
    "euc_kr": "euc-kr",
    "cp949": "euc-kr",
}
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "none": "none"}
_NAMES = {sign: name for name, sign in _DELIMITERS.items() if name != "\\t"}


def encoding_of(text: str | None) -> str | None:
    """Return the server's name for an encoding, given any of its usual names."""
    if text is None:
        return None
    try:
        return _ENCODINGS[codecs.lookup(text).name]
    except (LookupError, ValueError):
        raise WrongUsage(f"the encoding {text!r} is not supported; see --help for those that are") from None


def delimiter_of(text: str | None) -> str | None:
    """Return a delimiter, given the character itself or its name."""
    if text is None or text in _DELIMITERS.values():
        return text
    if text.lower() not in _DELIMITERS:
        raise WrongUsage(f"the delimiter {text!r} is not supported; use comma, semicolon, tab or pipe")
    return _DELIMITERS[text.lower()]


def options_of(
    encoding: str | None,
    delimiter: str | None,
    skip_rows: int | None,
    skip_last_rows: int | None,
    duplicate_names: str | None,
    sheet: str | None,
) -> dict[str, Any]:
    """Return the arguments of an upload or a reparse that a person named."""
    if duplicate_names not in (None, "number"):
        raise WrongUsage("--duplicate-names takes only: number")
    said = {
        "encoding": encoding_of(encoding),
        "delimiter": delimiter_of(delimiter),
        "skip_rows": skip_rows,
        "skip_last_rows": skip_last_rows,
        "duplicate_names": duplicate_names,
        "sheet": sheet,
    }
    return {name: value for name, value in said.items() if value is not None}


def command_of(name: str, offer: Offer) -> str:
    """Return the command that reads a refused file with the options of an offer."""
    words = ["smelt", "files", "reparse", name]
    for option, value in offer.options.items():
        said = _NAMES[value] if option == "delimiter" else str(value)
        words += [f"--{option.replace('_', '-')}", said]
    return shlex.join(words)


def words_for(offer: Offer) -> str:
    """Say what an offer does, in words."""
    said = []
    if offer.sheet:
        said.append(f"read the sheet {clean(offer.sheet)}")
    if offer.encoding:
        said.append(f"read it as {offer.encoding}")
    if offer.delimiter:
        named = _NAMES.get(offer.delimiter, offer.delimiter)
        said.append("take each line as one cell" if named == "none" else f"split cells at each {named}")
    if offer.skip_rows:
        said.append(_count("skip the first {} before the header", offer.skip_rows, "line"))
    if offer.skip_last_rows:
        said.append(_count("leave out the last {}", offer.skip_last_rows, "row"))
    if offer.duplicate_names:
        said.append("number repeated column names")
    return ", ".join(said) or "let the server find out how it is written"


def _count(text: str, count: int, what: str) -> str:
    return text.format(what if count == 1 else f"{count} {what}s")
