"""Builds the web console with the pinned node of `.venv-console`; needs only the standard library.

`--if-possible` is for commands that go on without a console: what hinders the build is said in one line.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy import bootstrap

ROOT = bootstrap.ROOT
CONSOLE = ROOT / "console"
DONE = CONSOLE / "dist" / ".done"
BIN = bootstrap.CONSOLE_VENV / "bin"
#: Whose change makes a new build; the description of the API changes with the protos.
_SOURCES = ("src", "public", "rules")
#: Taken from the maker's own registry, or the one that npm is set up with; the lock names none.
_INSTALL = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]


class NotBuilt(Exception):
    """A step of the build failed; the text is what it said."""


def sources() -> Iterator[Path]:
    """Every file that the build is made of."""
    yield from (path for path in CONSOLE.iterdir() if path.is_file())
    for folder in _SOURCES:
        yield from (path for path in (CONSOLE / folder).rglob("*") if path.is_file())
    yield ROOT / "gen" / "smelt.binpb"


def is_current() -> bool:
    """Whether the build is newer than all that it is made of."""
    generated = CONSOLE / "src" / "api" / "schema.d.ts"
    if not DONE.exists() or not generated.exists():
        return False
    built = DONE.stat().st_mtime
    return all(path.stat().st_mtime <= built for path in sources() if path != generated)


def run(*command: str, folder: Path = CONSOLE) -> str:
    """Run a step with the pinned node first on the path; return what it printed, or raise NotBuilt."""
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    found = shutil.which(command[0], path=environment["PATH"]) or command[0]
    done = subprocess.run([found, *command[1:]], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise NotBuilt(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def install() -> None:
    """Bring node, then the packages of the lock, unless they are here already."""
    lock, installed = CONSOLE / "package-lock.json", CONSOLE / "node_modules" / ".package-lock.json"
    if not (bootstrap.CONSOLE_VENV / ".console").exists():
        bootstrap.main("console")
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        run(*_INSTALL)
        installed.touch()


def describe() -> None:
    """Write the types of the API's calls from its own description."""
    description = ROOT / "gen" / "openapi.json"
    python = bootstrap.VENV / "bin" / "python"
    description.write_text(run(str(python), "-m", "gateway", "openapi", folder=ROOT), encoding="utf-8")
    run("npm", "run", "--silent", "types")


def build() -> None:
    """Build `console/dist`; the stamp comes last, so that half a build is none."""
    DONE.unlink(missing_ok=True)
    install()
    describe()
    run("npm", "run", "--silent", "check")
    run("npm", "run", "--silent", "build")
    DONE.touch()


def main(arguments: list[str]) -> int:
    """Return 0 when the build is there, or when nobody insists on it."""
    if is_current():
        return 0
    print("Building the web console (once; takes about a minute) ...", flush=True)
    try:
        build()
    except (NotBuilt, OSError, SystemExit) as hindrance:
        if "--if-possible" not in arguments:
            print(f"smelt: the web console could not be built: {hindrance}", file=sys.stderr)
            return 1
        reason = str(hindrance).strip().splitlines() or ["no reason was given"]
        print(f"The web console is left out, for it could not be built: {reason[0][:160]}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
