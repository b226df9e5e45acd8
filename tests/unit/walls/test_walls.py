"""Each import wall refuses a stray import; tested on a copy of the code."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LINTER = Path(sys.executable).with_name("lint-imports")
PACKAGES = ("services", "gateway", "deploy", "ops")
MOST_FILES = 25

#: For each wall, modules and an import that none of them may have. A module that does not exist is created.
STRAYS = {
    "Services never import each other": [("services/files/errors.py", "import services.auth.policy")],
    "Launcher above gateway above services": [
        ("services/auth/policy.py", "import gateway.settings"),
        ("gateway/errors.py", "import deploy.local.errors"),
        ("services/auth/policy.py", "import ops.state"),
        ("ops/state.py", "import deploy.local.errors"),
    ],
    "Backups and services do not know each other": [
        ("ops/archive/newborn.py", "import services.vault.models"),
        ("ops/aftermath/newborn.py", "import services.common.sealing"),
    ],
    "Rooms of the backups": [
        ("ops/archive/newborn.py", "import ops.restoring.newborn"),
        ("ops/newborn.py", ""),
    ],
    "Services stand on what is common": [
        ("services/common/ids.py", "import services.vault.policy"),
        ("services/mail.py", ""),
    ],
    "Rooms of the vault": [
        ("services/vault/crypto/secret.py", "import services.vault.keys.keyring"),
        ("services/vault/audit/newborn.py", "import services.vault.release.batch"),
        ("services/vault/newborn.py", ""),
    ],
    "Rooms of the processor": [
        ("services/processor/templates/errors.py", "import services.processor.jobs.job"),
        ("services/processor/newborn.py", ""),
    ],
    "Rooms of auth": [
        ("services/auth/accounts/emails.py", "import services.auth.sessions.sessions"),
        ("services/auth/newborn.py", ""),
    ],
    "Rooms of files": [
        ("services/files/profiling/newborn.py", "import services.files.library.library"),
        ("services/files/newborn.py", ""),
    ],
    "Rooms of what is common": [
        ("services/common/errors.py", "import services.common.rpc.errors"),
        ("services/common/newborn.py", ""),
    ],
    "Only doors know gRPC and its messages": [
        ("services/processor/rows/newborn.py", "import grpc"),
        ("services/auth/sessions/newborn.py", "from smelt.auth.v1 import users_pb2"),
        ("services/common/paging.py", "from google.protobuf import message"),
    ],
    "Doors know no statements": [
        ("services/vault/servicers/newborn.py", "import services.vault.audit.store.pages"),
        ("services/processor/peers/newborn.py", "import services.processor.models"),
    ],
    "Only stores know SQL": [
        ("services/processor/rows/newborn.py", "import psycopg"),
        ("services/auth/accounts/accounts.py", "from sqlalchemy import select"),
    ],
    "The audit room knows no keys": [
        ("services/vault/audit/newborn.py", "import services.vault.crypto.secret")
    ],
    "Ciphers stand in the vault and in common.sealing": [
        ("services/files/objects/newborn.py", "from cryptography.fernet import Fernet")
    ],
    "Backups are sealed in one place": [
        ("ops/archive/newborn.py", "import pyrage"),
        ("services/vault/keys/newborn.py", "import pyrage"),
    ],
    "Only the provider room calls providers": [("services/processor/trials/newborn.py", "import openai")],
    "Only objects and backups talk to S3, and only the vault's root room to KMS": [
        ("services/files/library/newborn.py", "import boto3")
    ],
    "Only the processor knows Valkey and the queue": [("services/auth/limits/newborn.py", "import redis")],
    "Only a few rooms talk to the world by HTTP or mail": [
        ("services/files/library/newborn.py", "import aiohttp")
    ],
    "The vault knows neither CSV nor providers": [("services/vault/keys/newborn.py", "import csv")],
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code and of its walls."""
    place = tmp_path_factory.mktemp("walls")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__", "*.yaml")
        )
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def broken(place: Path) -> dict[str, str]:
    """Return the walls that the copy breaks, each with what the linter says about it."""
    done = subprocess.run([LINTER, "--no-cache"], cwd=place, capture_output=True, text=True, timeout=120)
    assert "Contracts: " in done.stdout, done.stdout + done.stderr
    parts = re.split(r"^(.+)\n-+\n", done.stdout.partition("Broken contracts")[2], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_wall_is_tried() -> None:
    walls = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {wall["name"] for wall in walls} == STRAYS.keys()


def test_the_code_as_it_is_breaks_no_wall(copy: Path) -> None:
    assert broken(copy) == {}


@pytest.mark.parametrize("place", range(max(map(len, STRAYS.values()))))
def test_a_stray_import_is_refused(copy: Path, place: int) -> None:
    """One stray import for each wall at once: the linter names each, and under its own wall."""
    strays = {wall: those[place] for wall, those in STRAYS.items() if place < len(those)}
    paths = [copy / module for module, _ in strays.values()]
    before = {path: path.read_text() if path.exists() else None for path in paths}
    for module, stray in strays.values():
        with (copy / module).open("a") as file:
            file.write(f"\n{stray}\n")
    try:
        said = broken(copy)
        for wall, (module, _) in strays.items():
            assert _name(module) in said.get(wall, ""), f"{wall} lets {module} pass"
    finally:
        for path, text in before.items():
            if text is None:
                path.unlink()
            else:
                path.write_text(text)


def _name(module: str) -> str:
    return module.removesuffix(".py").replace("/", ".")


def test_the_cipher_itself_stands_in_two_places() -> None:
    having = {
        path.relative_to(ROOT).parts[:3]
        for path in (ROOT / "services").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and any(name.name == "AESGCM" for name in node.names)
    }
    assert having == {("services", "vault", "crypto"), ("services", "common", "sealing.py")}


def test_no_room_holds_more_than_can_be_seen_at_a_glance() -> None:
    rooms = {path.parent for path in (ROOT / "services").rglob("*.py")}
    crowded = {
        str(room.relative_to(ROOT)): count
        for room in rooms
        if (count := len(list(room.glob("*.py")))) > MOST_FILES
    }
    assert not crowded


def test_each_room_says_what_lives_there_and_defines_nothing() -> None:
    for path in (ROOT / "services").rglob("__init__.py"):
        if "migrations" in path.parts or path.parent == ROOT / "services":
            continue
        body = ast.parse(path.read_text()).body
        assert len(body) == 1, path
        assert isinstance(body[0], ast.Expr), path
        assert isinstance(body[0].value, ast.Constant), path
        assert str(body[0].value.value).rstrip().endswith("."), path
