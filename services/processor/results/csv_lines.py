"""Rows as CSV (RFC 4180, but for what the dialect says) in UTF-8."""

import csv
import re
from collections.abc import Iterable, Sequence

from services.common.aside import go_on
from services.processor.outside import Dialect

#: The csv module looks at each character by itself and holds the interpreter's lock meanwhile: a megabyte
#: takes it 20 ms or more. Longer rows than this many characters are quoted here.
_LONG_ROW = 64 * 1024
_MARK = "\ufeff"
_CRLF = "\r\n"


class CsvLines:
    """Writes a table as CSV."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def begin(self, titles: Sequence[str]) -> bytes:
        """Return the beginning of the file: the mark, and the line of titles."""
        # A first cell that begins with such a character would be read as a file with a mark.
        marked = self._dialect.byte_order_mark or titles[0].startswith(_MARK)
        return (_MARK.encode() if marked else b"") + lines([titles], self._dialect)

    def rows(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Return lines for rows."""
        return lines(rows, self._dialect)

    def end(self) -> bytes:
        """Return the end of the file, which is nothing."""
        return b""

    def close(self) -> None:
        """Do nothing: nothing is open."""


class _Lines(list[str]):
    """Takes lines as a file does. The module quotes line ends of all kinds only if it writes CR LF itself."""

    def __init__(self, line_end: str) -> None:
        super().__init__()
        self._line_end = line_end

    def write(self, line: str) -> None:
        self.append(line if self._line_end == _CRLF else line.removesuffix(_CRLF) + self._line_end)


def lines(rows: Iterable[Sequence[str]], dialect: Dialect | None = None) -> bytes:
    """Return rows as lines of CSV, as the csv module writes them."""
    dialect = dialect or Dialect()
    text = _Lines(dialect.line_end)
    writer = csv.writer(
        text,
        delimiter=dialect.delimiter,
        lineterminator=_CRLF,
        quoting=csv.QUOTE_ALL if dialect.quotes_all else csv.QUOTE_MINIMAL,
    )
    special = re.compile(f'[{re.escape(dialect.delimiter)}"\r\n]')
    for row in rows:
        go_on()
        if sum(map(len, row)) > _LONG_ROW:
            cells = [
                '"' + cell.replace('"', '""') + '"' if dialect.quotes_all or special.search(cell) else cell
                for cell in row
            ]
            text.write(dialect.delimiter.join(cells) + _CRLF)
        else:
            writer.writerow(row)
    return "".join(text).encode()
