"""The names of a file's columns, and the columns that have none."""

from dataclasses import dataclass

from services.common.texts.column_names import column_key
from services.files.errors import FileMalformed, FileTooManyColumns
from services.files.reading.batch import Batch
from services.files.reading.dialect import NUMBER
from services.files.reading.text import Text

#: The problem of a header in which a name is repeated; other rooms know it by this.
SAME_NAME = "two columns have the same name"
_MAX_NAME_BYTES = 1024
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns that have one, as the parser sees them, and the places of the others."""

    names: list[str]
    #: Places, from 1.
    unnamed: tuple[int, ...]

    @property
    def width(self) -> int:
        """How many cells a row has."""
        return len(self.names) + len(self.unnamed)


def header_of(head: Batch, text: Text, most: int, *, duplicate_names: str) -> Header:
    """Return the columns of a header, none if no cell names one; raise the error about the first bad name."""
    cells = [column[0] for column in head.rows.columns(2, 1)] if head.ends else []
    keys = [column_key(text.cell(cell)) for cell in cells]
    if any(keys) and len(cells) > most:
        raise FileTooManyColumns(limit=str(most))
    line = str(head.first_line)
    names: list[str] = []
    seen: dict[str, str] = {}
    for place, (cell, key) in enumerate(zip(cells, keys, strict=True), start=1):
        if not key:
            continue
        if text.size(cell) > _MAX_NAME_BYTES:
            raise FileMalformed(line=line, problem="a column name is too long", column=str(place))
        name = cell
        if key in seen:
            if duplicate_names != NUMBER:
                raise FileMalformed(
                    line=line,
                    problem=SAME_NAME,
                    name=_shown(text, cell),
                    other=_shown(text, seen[key]),
                    column=str(place),
                )
            name, key = _numbered(cell, text, {*keys, *seen})
        seen[key] = name
        names.append(name)
    return Header(names, tuple(place for place, key in enumerate(keys, start=1) if not key))


def _numbered(cell: str, text: Text, taken: set[str]) -> tuple[str, str]:
    """Return a repeated name with the first number that makes it a new one, and its key."""
    number = 2
    while (key := column_key(text.cell(name := f"{cell} ({number})"))) in taken:
        number += 1
    return name, key


def _shown(text: Text, name: str) -> str:
    return text.cell(name).strip()[:_SHOWN]
