"""What the command prints: data on stdout, messages on stderr, and nothing that controls the terminal."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

#: The length of every ID, and how many letters of it a table shows: of a million, hardly two begin alike.
ID_LENGTH = 26
_SHOWN = 8
#: Where an ID is found by its first letters; see `names`.
_SHORTENED = frozenset({"files", "templates", "jobs", "apiKeys", "webhooks", "accessTokens"})
_SPOKEN_JOINERS = "\u200c\u200d"


def clean(text: object, *, lines: bool = False) -> str:
    """Return a text in which every character that would move the cursor, or hide or reorder text, is visible.

    With `lines`, line breaks and tabs are kept.
    """
    return "".join(_visible(letter, lines) for letter in str(text))


def _visible(letter: str, lines: bool) -> str:
    if letter in "\n\t":
        return letter if lines else repr(letter)[1:-1]
    if letter in _SPOKEN_JOINERS or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def short(name: str) -> str:
    """Return the first letters of a resource's ID, if commands take them in place of the whole."""
    collection, _, identifier = name.partition("/")
    return identifier[:_SHOWN] if collection in _SHORTENED and len(identifier) == ID_LENGTH else name


def when(time: datetime | None) -> str:
    """Return a time in the local time zone."""
    return "" if time is None else time.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def error_line(message: str, *details: str) -> str:
    """Return an error as one line: its message, then its reason and request id."""
    said = " ".join(clean(message, lines=True).split())
    known = ", ".join(clean(detail) for detail in details if detail)
    return f"error: {said} ({known})" if known else f"error: {said}"


def _field(value: Any, path: str) -> Any:
    """Return what a path such as `a.b` leads to; None if nothing is there."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _as_cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


class Output:
    """The output of one run of the command."""

    def __init__(
        self, *, as_json: bool, quiet: bool, limit: int | None = None, fields: str | None = None
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._limit = limit
        self._fields = [name.strip() for name in (fields or "").split(",") if name.strip()]
        self.messages = Console(stderr=True, markup=False, highlight=False, emoji=False)

    def message(self, text: str) -> None:
        """Print a message for a person."""
        if not self.quiet:
            print(clean(text), file=sys.stderr, flush=True)

    @property
    def asks(self) -> bool:
        """Whether a person is to be asked where a choice is open."""
        return not self.quiet and not self.as_json

    def note(self, text: str) -> None:
        """Print a line that belongs to an error or to a question, also when quiet."""
        print(clean(text), file=sys.stderr, flush=True)

    def json(self, value: Any) -> None:
        """Print a value as one line of ASCII JSON, which no terminal takes for a control sequence."""
        print(json.dumps(value, default=str), flush=True)

    def items(self, values: Iterable[Any], columns: Mapping[str, Any]) -> None:
        """Print a list: as JSON, as a table on a terminal, or as tab-separated lines.

        `columns` maps each title to a function of a value. A table has short names, which can be typed.
        """
        values = islice(values, self._limit)
        if self._fields:
            self._chosen([value.raw for value in values])
            return
        if self.as_json:
            self.json([value.raw for value in values])
            return
        rows = ([read(value) for read in columns.values()] for value in values)
        if sys.stdout.isatty() and "NAME" in columns:
            rows = ([short(str(cell)) for cell in row] for row in rows)
        self.rows(list(columns), rows)

    def _chosen(self, values: Sequence[Mapping[str, Any]]) -> None:
        """Print only the fields that were asked for, such as `request_counts.failed`."""
        found = [[_field(value, path) for path in self._fields] for value in values]
        if self.as_json:
            self.json([dict(zip(self._fields, each, strict=True)) for each in found])
        else:
            self.rows(self._fields, [[_as_cell(field) for field in each] for each in found])

    def rows(self, titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows as a table on a terminal, or as tab-separated lines."""
        if not sys.stdout.isatty():
            for row in rows:
                print("\t".join(clean(cell) for cell in row))
            return
        table = Table(box=None, pad_edge=False)
        for title in titles:
            table.add_column(Text(clean(title), style="bold"), overflow="fold")
        for row in rows:
            table.add_row(*(Text(clean(cell)) for cell in row))
        Console(markup=False, highlight=False, emoji=False).print(table)

    def one(self, value: Any, fields: Mapping[str, object]) -> None:
        """Print one value: as JSON, or with one line per field."""
        if self.as_json:
            self.json(value.raw)
            return
        width = max(len(title) for title in fields)
        for title, content in fields.items():
            text = clean(content, lines=True).replace("\n", "\n" + " " * (width + 2))
            print(f"{title:<{width}}  {text}".rstrip())
