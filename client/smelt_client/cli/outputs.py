"""Where a download goes: to a file on this machine, or to stdout."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .common import WrongUsage

STDOUT = Path("-")


def output_path(text: str, *, as_json: bool = False) -> Path:
    """Return the path of a download, after checking that a file can be written there; `-` is stdout."""
    path = Path(text)
    if path == STDOUT:
        if as_json:
            raise WrongUsage("stdout cannot take both the file and JSON: name a file with -o")
        return path
    if not path.parent.is_dir():
        raise WrongUsage(f"cannot write {path}: there is no folder {path.parent}")
    if path.exists() and not path.is_file():
        raise WrongUsage(f"cannot write {path}: it is not a file")
    return path


@contextmanager
def destination(path: Path) -> Iterator[Path]:
    """Yield the path to download to; what is for stdout is written there when it is whole."""
    if path != STDOUT:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="smelt-") as folder:
        target = Path(folder) / "download"
        yield target
        with target.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
