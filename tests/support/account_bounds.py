"""The table of an account's bounds in docs/settings.md, as values."""

import re
from dataclasses import dataclass
from pathlib import Path

_PAPER = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
_CHAPTER = "## Bounds of an account"


@dataclass(frozen=True, slots=True)
class Bound:
    """A line of the table."""

    what: str
    most: str
    setting: str
    reason: str
    #: `database.table` of each table that it bounds.
    tables: tuple[str, ...]


def table() -> tuple[Bound, ...]:
    """Return every line."""
    chapter = _PAPER.read_text(encoding="utf-8").split(_CHAPTER)[1].split("\n## ")[0]
    lines = [line for line in chapter.splitlines() if line.startswith("| ")][1:]
    return tuple(_bound([cell.strip() for cell in line.strip("|").split("|")]) for line in lines)


def _bound(cells: list[str]) -> Bound:
    what, most, setting, reason, kept = cells
    tables: list[str] = []
    for name in re.findall(r"\w*\.\w+", kept):
        database, _, table = name.partition(".")
        tables.append(f"{database or tables[-1].partition('.')[0]}.{table}")
    return Bound(what, most, setting.strip("`"), reason.strip("`"), tuple(tables))
