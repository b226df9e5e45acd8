"""The start without the right root key: health and a message, no key, no write; and what opens it again."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from smelt.vault.v1 import operator_pb2

from services.vault.policy import POLICY
from tests.integration.vault.test_vault_callers import METHODS, called
from tests.integration.vault.vault_process import SECRET, Vault, new_account, worker
from tests.support import kms as kms_stand_in
from tests.support.long_form import first

STATUS = "/smelt.vault.v1.OperatorService/GetVaultStatus"


def everything(vault: Vault) -> dict[str, Any]:
    """Return all rows of both databases, and each file of the vault's directory as it stands there."""
    # The settings name it, so it is there before the vault starts.
    found: dict[str, Any] = {"ledger": vault.files.ledger.exists()}
    for keystore in (False, True):
        tables = vault.query(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'S')"
            " AND relnamespace = 'public'::regnamespace",
            keystore=keystore,
        )
        for (table,) in tables:
            rows = vault.query(f'SELECT * FROM "{table}"', keystore=keystore)
            found[f"{'keystore' if keystore else 'vault'}/{table}"] = sorted(map(str, rows))
    for path in sorted(vault.files.directory.rglob("*")):
        if path.suffix != ".log":
            about = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(about.st_mode) else b""
            found[str(path)] = (about.st_mode, about.st_mtime_ns, about.st_ino, content)
    return found


def spoil(key: Path, how: str) -> None:
    """Put something in the root key's place that must not be taken."""
    kept = key.read_bytes()
    aside = key.rename(key.with_name("kept"))
    match how:
        case "missing":
            return
        case "a symbolic link to it":
            key.symlink_to(aside)
            return
        case "a directory":
            key.mkdir(mode=0o400)
            return
        case "a pipe":
            os.mkfifo(key, 0o400)
            return
    modes = {"readable by its group": 0o440, "readable by all": 0o444, "writable by its owner": 0o600}
    contents = {"another": os.urandom(32), "cut short": kept[:-1], "empty": b"", "too long": kept + b"\0"}
    key.write_bytes(contents.get(how, kept))
    key.chmod(modes.get(how, 0o400))


def mend(key: Path) -> None:
    """Put the right root key back."""
    if key.is_dir() and not key.is_symlink():
        key.rmdir()
    key.with_name("kept").rename(key)


SPOILT = {
    "missing": "does not exist",
    "another": "does not open version 1",
    "readable by its group": "mode 0440",
    "readable by all": "mode 0444",
    "writable by its owner": "mode 0600",
    "cut short": "not 32 bytes",
    "empty": "not 32 bytes",
    "too long": "not 32 bytes",
    "a symbolic link to it": "symbolic link",
    "a directory": "not a regular file",
    "a pipe": "not a regular file",
}


@pytest.mark.promise("S08")
@pytest.mark.parametrize("how", first(4, SPOILT))
async def test_a_root_key_that_is_not_right_seals_the_vault_and_nothing_is_written(
    stopped_vault: Vault, how: str
) -> None:
    vault, key = stopped_vault, stopped_vault.files.root_key
    await vault.initialise()
    (wanted,) = vault.query("SELECT root_key_id FROM installation", keystore=True)[0]
    spoil(key, how)
    before = everything(vault)
    try:
        await vault.start(ready=False)
        assert (await vault.probe("/live"), await vault.probe("/ready")) == (200, 503)
        status = await vault.operator().GetVaultStatus(operator_pb2.GetVaultStatusRequest())
        assert (status.sealed, status.root_key_id) == (True, wanted)
        assert SPOILT[how] in status.sealed_because
        assert wanted in vault.log()
        assert SPOILT[how] in vault.log()
    finally:
        await vault.close()
    assert everything(vault) == before


@pytest.mark.promise("S08")
@pytest.mark.promise("S02")
async def test_a_sealed_vault_refuses_every_method_until_the_right_key_is_back(stopped_vault: Vault) -> None:
    vault, key = stopped_vault, stopped_vault.files.root_key
    await vault.initialise()
    await vault.start()
    account = new_account()
    stored = await vault.add_key(account)
    await vault.close()
    spoil(key, "missing")
    before = everything(vault)
    try:
        await vault.start(ready=False)
        for method in METHODS:
            if method != STATUS:
                (caller, *_) = sorted(POLICY[method].callers)
                refusal = await called(vault, caller, method, sealed=True)
                assert refusal in {"VAULT_SEALED", "INVALID_REQUEST"}, method
        assert await called(vault, "gateway", STATUS) == "CALLER_NOT_ALLOWED"
        code, said = vault.run("status", identity="operator")
        assert code == 1
        assert f"sealed: yes, {key} does not exist" in said
        assert everything(vault) == before
    finally:
        await vault.close()
    mend(key)
    try:
        await vault.start()
        grant = (await vault.grant(account, stored.name)).token
        async with worker(vault) as stream:
            assert await stream.outcome(grant) == SECRET
    finally:
        await vault.close()


@pytest.mark.promise("S08")
@pytest.mark.long
async def test_a_root_key_in_kms_opens_the_vault_and_a_disabled_one_does_not(
    stopped_vault: Vault, tmp_path: Path
) -> None:
    vault = stopped_vault
    credentials = tmp_path / "aws.ini"
    credentials.write_text("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = example\n")
    with kms_stand_in.serving() as kms:
        vault.settings |= {
            "SMELT_VAULT_ROOT_PROVIDER": "aws-kms",
            "SMELT_VAULT_KMS_KEY_ID": kms.new_key(),
            "SMELT_VAULT_KMS_REGION": kms.region,
            "SMELT_VAULT_KMS_ENDPOINT": kms.endpoint,
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        code, said = vault.run("init")
        assert code == 0, said
        try:
            await vault.start()
            stored = await vault.add_key(new_account())
            assert stored.hint == SECRET[-4:]
            await vault.close()
            kms.refusals["*"] = "DisabledException"
            before = everything(vault)
            await vault.start(ready=False)
            code, said = vault.run("status", identity="operator")
            assert code == 1
            assert "is disabled in AWS KMS" in said
            await vault.close()
            assert everything(vault) == before
            kms.refusals.clear()
            await vault.start()
        finally:
            await vault.close()


@pytest.mark.long
async def test_a_root_key_in_the_environment_is_taken_only_as_an_unsafe_one(stopped_vault: Vault) -> None:
    vault, key = stopped_vault, os.urandom(32).hex()
    vault.settings |= {"SMELT_VAULT_ROOT_PROVIDER": "env", "SMELT_VAULT_ROOT_KEY": key}
    code, said = vault.run("init")
    assert code == 2
    assert said.startswith("SMELT_VAULT_ROOT_PROVIDER: ")
    assert "/proc/PID/environ" in said
    assert key not in said
    vault.settings["SMELT_VAULT_UNSAFE_ENV_ROOT"] = "1"
    assert vault.run("init")[0] == 0
    try:
        await vault.start()
        assert vault.process is not None
        assert key.encode() not in vault.start_values()
        assert key not in vault.log()
        assert not vault.files.root_key.exists()
    finally:
        await vault.close()
