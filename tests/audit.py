"""Known vulnerabilities of the pinned packages, without a network: `python -m tests.audit all.zip`.

The file is OSV's copy of all advisories about packages on PyPI, one JSON document each; the Makefile has its
address. It is read as data: nothing in it is run or followed. `pip-audit` asks the same over the network.
"""

import json
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tests.locked import Locked, locked

_LARGEST_ADVISORY = 16 * 1024 * 1024


def advisories(archive: Path) -> Iterator[dict[str, Any]]:
    """Yield the documents of the archive; raise ValueError for one that is too large."""
    with zipfile.ZipFile(archive) as files:
        for each in files.infolist():
            if each.filename.endswith(".json"):
                if each.file_size > _LARGEST_ADVISORY:
                    raise ValueError(f"{each.filename} is too large for an advisory")
                yield json.loads(files.read(each))


def concerns(advisory: dict[str, Any], package: Locked) -> bool:
    """Whether the advisory holds for this version of the package. In doubt it does."""
    if advisory.get("withdrawn"):
        return False
    return any(
        _names(affected, package) and _holds(affected, package.version)
        for affected in advisory.get("affected", [])
    )


def _names(affected: dict[str, Any], package: Locked) -> bool:
    named = affected.get("package", {})
    return named.get("ecosystem") == "PyPI" and canonicalize_name(named.get("name", "")) == canonicalize_name(
        package.name
    )


def _holds(affected: dict[str, Any], version: str) -> bool:
    ranges = [each for each in affected.get("ranges", []) if each.get("type") == "ECOSYSTEM"]
    versions = affected.get("versions", [])
    if not ranges and not versions:
        return True
    return any(_same(each, version) for each in versions) or any(
        _within(each.get("events", []), Version(version)) for each in ranges
    )


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _within(events: Iterable[dict[str, str]], version: Version) -> bool:
    """Whether a version lies in a range, whose events may stand in any order."""
    inside = False
    for what, at in sorted((_event(each) for each in events), key=lambda each: each[1]):
        if what == "introduced" and version >= at:
            inside = True
        elif (what == "fixed" and version >= at) or (what == "last_affected" and version > at):
            inside = False
    return inside


def _event(event: dict[str, str]) -> tuple[str, Version]:
    ((what, at),) = event.items()
    return what, Version("0.dev0" if at == "0" else at)


def main(arguments: list[str]) -> int:
    """Print what is known; return 0 for nothing, 1 for something, 2 if the file cannot answer."""
    if len(arguments) != 1:
        print("usage: python -m tests.audit all.zip", file=sys.stderr)
        return 2
    packages = locked()
    read, newest, found = 0, "", []
    try:
        for advisory in advisories(Path(arguments[0])):
            read += any(
                each.get("package", {}).get("ecosystem") == "PyPI" for each in advisory.get("affected", [])
            )
            newest = max(newest, str(advisory.get("modified", "")))
            found += [(package, advisory["id"]) for package in packages if concerns(advisory, package)]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        print(f"{arguments[0]} cannot be read as advisories: {type(error).__name__}", file=sys.stderr)
        return 2
    if not read:
        print(f"{arguments[0]} has no advisory about a package on PyPI", file=sys.stderr)
        return 2
    for package, id_ in found:
        print(f"{package.name} {package.version}: {id_}")
    print(
        f"{len(packages)} packages, {read} advisories until {newest[:10]}: {len(found)} known vulnerabilities"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
