"""The files of a built web console: which are served, as what, and for how long browsers keep them."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Files with other endings are not served.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
INDEX = "index.html"
PACKED = ".br"
FOLDER = "console-files"
# Vite lists here what it made. The names of these files contain a digest of what is in them.
_MANIFEST = ".vite/manifest.json"


@dataclass(frozen=True, slots=True)
class ConsoleFile:
    """One file at its address. `packed` is the same file compressed with brotli, if the build made one."""

    address: str
    file: Path
    packed: Path | None
    #: Whether other content would have another name.
    is_hashed: bool

    @property
    def content_type(self) -> str:
        """The value of `content-type`."""
        return TYPES[self.file.suffix]


def console_files(built: Path) -> Iterator[ConsoleFile]:
    """Yield what a folder serves, by address. Hidden files and folders are for tools, and left out."""
    hashed = _hashed(built)
    for file in sorted(built.rglob("*")):
        place = file.relative_to(built)
        hidden = any(part.startswith(".") for part in place.parts)
        if hidden or file.suffix not in TYPES or not file.is_file():
            continue
        packed = file.with_name(file.name + PACKED)
        yield ConsoleFile(
            f"/{place.as_posix()}",
            file,
            packed if packed.is_file() else None,
            place.as_posix() in hashed,
        )


def copy_console(built: Path | None, out: Path) -> Path | None:
    """Copy a built console into the folder that Envoy sees, and return where it lies there; without one,
    remove what an earlier rendering left."""
    place = out / FOLDER
    new = out / f"{FOLDER}.new"
    shutil.rmtree(new, ignore_errors=True)
    if built is not None:
        shutil.copytree(built, new)
    shutil.rmtree(place, ignore_errors=True)
    if built is None:
        return None
    new.rename(place)
    return place


def _hashed(built: Path) -> frozenset[str]:
    manifest = built / _MANIFEST
    if not manifest.is_file():
        return frozenset()
    entries = json.loads(manifest.read_text()).values()
    return frozenset(
        name for entry in entries for name in (entry["file"], *entry.get("css", ()), *entry.get("assets", ()))
    )
