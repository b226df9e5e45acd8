"""Rows as JSON Lines: an object for each row, with a text for each column."""

from collections.abc import Iterable, Sequence

import orjson

from services.common.aside import go_on


class JsonLines:
    """Writes a table as JSON Lines."""

    def __init__(self) -> None:
        self._titles: Sequence[str] = ()

    def begin(self, titles: Sequence[str]) -> bytes:
        """Take the titles, which each object repeats; they are all different."""
        self._titles = titles
        return b""

    def rows(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Return lines for rows."""
        made = []
        for row in rows:
            go_on()
            made.append(orjson.dumps(dict(zip(self._titles, row, strict=True))) + b"\n")
        return b"".join(made)

    def end(self) -> bytes:
        """Return the end of the file, which is nothing."""
        return b""

    def close(self) -> None:
        """Do nothing: nothing is open."""
