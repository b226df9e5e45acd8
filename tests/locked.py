"""The packages that requirements/*.txt pin, for the papers and checks about them."""

import re
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
#: From what people run to what only checks; a package belongs to the first that pins it.
KINDS = ("run", "dev", "audit")
_PINNED = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)")


@dataclass(frozen=True, slots=True)
class Locked:
    """A package at its pinned version; `kind` is the first list that has it."""

    name: str
    version: str
    kind: str


def locked(kinds: tuple[str, ...] = KINDS, *, folder: Path = REQUIREMENTS) -> list[Locked]:
    """Return every pinned package and version once, by kind and name."""
    found: dict[tuple[str, str], Locked] = {}
    for kind in kinds:
        for line in (folder / f"{kind}.txt").read_text(encoding="utf-8").splitlines():
            if match := _PINNED.match(line):
                found.setdefault((match[1], match[2]), Locked(match[1], match[2], kind))
    return sorted(found.values(), key=lambda each: (kinds.index(each.kind), each.name, each.version))
