"""The built web console, for the tests over it."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deploy.console import CONSOLE, DONE, is_current

DIST = DONE.parent
ENTRY = "index.html"


def need_build() -> None:
    """Leave a test out where there is no build of this very source; under CI, fail it."""
    if is_current():
        return
    why = "the web console is not built, or its source is newer: make console"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@cache
def manifest() -> dict[str, dict[str, Any]]:
    """What the build wrote about its pieces, by the name of their source."""
    read: dict[str, dict[str, Any]] = json.loads(
        (DIST / ".vite" / "manifest.json").read_text(encoding="utf-8")
    )
    return read


def needed(*sources: str) -> set[str]:
    """The pieces that a browser must load for these sources, with all that they import."""
    found: set[str] = set()
    waiting = list(sources)
    while waiting:
        piece = waiting.pop()
        if piece not in found:
            found.add(piece)
            waiting.extend(manifest()[piece].get("imports", ()))
    return found


def on_the_wire(pieces: set[str], kind: str) -> int:
    """Bytes of the pieces as the gateway sends them: in brotli. `kind` is `js` or `css`."""
    files: set[str] = set()
    for piece in pieces:
        entry = manifest()[piece]
        files |= {entry["file"]} if kind == "js" else set(entry.get("css", ()))
    return sum(packed(DIST / file).stat().st_size for file in files)


def packed(file: Path) -> Path:
    """The brotli twin, where it has one."""
    twin = file.with_name(file.name + ".br")
    return twin if twin.exists() else file


def written() -> list[Path]:
    """The files that a browser may get, unpacked."""
    return [
        path
        for path in DIST.rglob("*")
        if path.is_file()
        and path.suffix not in (".br", ".gz")
        and not path.relative_to(DIST).parts[0].startswith(".")
    ]


__all__ = ["CONSOLE", "DIST", "ENTRY", "manifest", "need_build", "needed", "on_the_wire", "packed", "written"]
