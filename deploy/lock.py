"""Pins requirements/*.in with the hashes of wheels alone; needs `uv` on the path.

pip takes nothing without one of these hashes. With those of source archives among them, forgetting one option
would run a package's own code at its installation.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Collection
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
#: In this order: dev.in is constrained by run.txt.
KINDS = ("run", "dev", "audit", "console")
_COMPILE = [
    "uv",
    "pip",
    "compile",
    "-q",
    "--universal",
    "--python-version",
    "3.11",
    "--no-header",
    "--no-annotate",
]
_WHEELS = ["--only-binary", ":all:"]
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


def of_wheels(requirements: str, hashes: Collection[str]) -> str:
    """Return the requirements with only those of their hashes that are among `hashes`; raise ValueError."""
    kept: list[str] = []
    for line in requirements.splitlines():
        found = _HASH.search(line)
        if found is None or found[1] in hashes:
            kept.append(line)
    text = re.sub(r" \\\n(?! )", "\n", "\n".join([*kept, ""]))
    for name, rest in re.findall(r"^(\S+==\S+)((?:.*\\\n)*.*)", text, re.MULTILINE):
        if not _HASH.search(rest):
            raise ValueError(f"{name} has no wheel")
    return text


def _pin(kind: str) -> None:
    """Write KIND.txt; keep the versions that it has as far as KIND.in allows."""
    pinned = REQUIREMENTS / f"{kind}.txt"
    options = [*_WHEELS, "--emit-build-options", "--generate-hashes", "--no-emit-index-url"]
    subprocess.run([*_COMPILE, *options, f"{kind}.in", "-o", pinned.name], cwd=REQUIREMENTS, check=True)
    with tempfile.TemporaryDirectory() as folder:
        # Only this format tells wheels from source archives.
        lock = Path(folder) / "pylock.toml"
        again = [*_COMPILE, *_WHEELS, "-c", pinned.name, f"{kind}.in", "-o", str(lock)]
        subprocess.run(again, cwd=REQUIREMENTS, check=True)
        packages = tomllib.loads(lock.read_text(encoding="utf-8"))["packages"]
    wheels = {f"sha256:{wheel['hashes']['sha256']}" for package in packages for wheel in package["wheels"]}
    pinned.write_text(of_wheels(pinned.read_text(encoding="utf-8"), wheels), encoding="utf-8")


def main() -> int:
    """Pin all kinds."""
    for kind in KINDS:
        _pin(kind)
    return 0


if __name__ == "__main__":
    sys.exit(main())
