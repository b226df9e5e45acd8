"""The root key in the environment: only for who asks for it twice, and gone from there once read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.vault.root.env import VARIABLE, RootKeyVariable
from services.vault.root.key import RootKeyUnusable
from services.vault.settings import KeyFileSettings

ROOT = Path(__file__).resolve().parents[3]
KEY = "0123456789abcdef" * 4


def settings(**more: str) -> KeyFileSettings:
    needed = (
        "database_url_file",
        "vault_keystore_url_file",
        "vault_root_key_file",
        "vault_wrapping_key_file",
    )
    return KeyFileSettings.model_validate(dict.fromkeys(needed, "/nowhere") | more)


def test_the_key_is_gone_from_the_environment_once_it_was_read() -> None:
    # Read by the process itself: what it was started with is what others of the host would see in /proc.
    program = (
        "from pathlib import Path\n"
        "from services.vault.root.env import RootKeyVariable\n"
        "import os\n"
        "seen = lambda: b'0123456789abcdef' in Path('/proc/self/environ').read_bytes()\n"
        "before, provider = seen(), RootKeyVariable()\n"
        "first, second = provider.load(), provider.load()\n"
        f"print(before, seen(), {VARIABLE!r} in os.environ, first.key.hex(), first.id == second.id)\n"
    )
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT}/gen", VARIABLE: KEY}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False", "False", KEY, "True"]


@pytest.mark.promise("S08")
@pytest.mark.parametrize("value", ["", "ab", KEY[:-2], KEY + "00", "x" * 64])
def test_what_is_no_key_is_refused_without_being_repeated(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(RootKeyUnusable) as refusal:
        RootKeyVariable().load()
    assert not value or value not in str(refusal.value)
    assert value == "" or VARIABLE not in os.environ


def test_the_environment_is_refused_unless_it_is_said_to_be_unsafe() -> None:
    with pytest.raises(ValidationError, match="/proc/PID/environ"):
        settings(vault_root_provider="env")
    assert settings(vault_root_provider="env", vault_unsafe_env_root="1").vault_root_provider == "env"


def test_production_takes_no_root_key_from_the_environment() -> None:
    with pytest.raises(ValidationError, match="not for production"):
        settings(vault_root_provider="env", vault_unsafe_env_root="1", environment="production")


def test_kms_needs_its_key_and_its_region() -> None:
    with pytest.raises(ValidationError, match="SMELT_VAULT_KMS_KEY_ID"):
        settings(vault_root_provider="aws-kms", vault_kms_region="eu-central-1")
    with pytest.raises(ValidationError, match="SMELT_VAULT_KMS_REGION"):
        settings(vault_root_provider="aws-kms", vault_kms_key_id="alias/smelt")
