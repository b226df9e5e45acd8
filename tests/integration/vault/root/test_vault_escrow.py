"""The root key written down, confirmed, lost and typed back; production asks for it."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from smelt.vault.v1 import operator_pb2

from services.vault.root.key import RootKeyFile
from tests.integration.vault.keys.test_vault_sealed import everything
from tests.integration.vault.vault_process import ROOT, SECRET, Vault, new_account, worker
from tests.support import kms as kms_stand_in
from tests.support.patience import PATIENCE_SECONDS


def typed(vault: Vault, *arguments: str, stdin: str) -> tuple[int, str, str]:
    """Run a command and type something into it; return its status and what it printed to both sides."""
    done = subprocess.run(
        [sys.executable, "-m", "services.vault", *arguments],
        cwd=ROOT,
        env=vault.environment("vault"),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    return done.returncode, done.stdout, done.stderr


def sheet(vault: Vault, *more: str) -> dict[int, str]:
    """Print the recovery sheet; return its lines by number."""
    code, out, err = typed(vault, "escrow", *more, stdin="")
    assert (code, err) == (0, "")
    return {int(number): line for number, line in re.findall(r"^    ([1-4]): (\S+)$", out, re.MULTILINE)}


def confirm(vault: Vault, lines: dict[int, str]) -> tuple[int, str]:
    """Answer whichever line is asked for: all of them stand ready, the command reads one."""
    with subprocess.Popen(
        [sys.executable, "-m", "services.vault", "escrow", "confirm"],
        cwd=ROOT,
        env=vault.environment("vault"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asking:
        assert asking.stdin and asking.stdout and asking.stderr
        question = ""
        while not question.endswith(": "):
            letter = asking.stderr.read(1)
            assert letter, question
            question += letter
        asking.stdin.write(lines[int(question.split()[1])] + "\n")
        asking.stdin.close()
        said = asking.stdout.read() + asking.stderr.read()
        return asking.wait(PATIENCE_SECONDS), said


@pytest.mark.promise("S08")
@pytest.mark.long
async def test_production_serves_once_somebody_has_written_the_root_key_down(stopped_vault: Vault) -> None:
    vault = stopped_vault
    vault.settings["SMELT_ENVIRONMENT"] = "production"
    await vault.initialise()
    before = everything(vault)
    try:
        await vault.start(ready=False)
        status = await vault.operator().GetVaultStatus(operator_pb2.GetVaultStatusRequest())
        assert status.sealed
        assert "escrow confirm" in status.sealed_because
        assert await vault.probe("/ready") == 503
    finally:
        await vault.close()
    assert everything(vault) == before
    lines = sheet(vault)
    assert everything(vault) == before
    wrong = {number: lines[number % 4 + 1] for number in lines}
    code, said = confirm(vault, wrong)
    assert (code, said) == (1, "that is not what was printed; nothing was confirmed\n")
    assert everything(vault) == before
    code, said = confirm(vault, lines)
    assert (code, said.startswith("confirmed: root-")) == (0, True)
    try:
        await vault.start()
    finally:
        await vault.close()
    # Once it was confirmed, nobody prints it by mistake.
    code, out, err = typed(vault, "escrow", stdin="")
    assert (code, out) == (1, "")
    assert "--again" in err
    assert sheet(vault, "--again") == lines


@pytest.mark.long
async def test_a_lost_root_key_is_made_again_from_the_sheet(stopped_vault: Vault) -> None:
    vault = stopped_vault
    await vault.initialise()
    await vault.start()
    account = new_account()
    try:
        stored = await vault.add_key(account)
    finally:
        await vault.close()
    lines = sheet(vault)
    text = "".join(f"{number}: {line.lower()}\n" for number, line in lines.items())
    code, _, err = typed(vault, "escrow", "restore", stdin=text)
    assert code == 1
    assert "never overwritten" in err
    lost = vault.files.root_key.read_bytes()
    vault.files.root_key.unlink()
    code, out, err = typed(vault, "escrow", "restore", stdin=text.replace("2: ", "2: 7"))
    assert (code, out, err) == (1, "", "line 2 is not what was printed\n")
    assert not vault.files.root_key.exists()
    code, out, _ = typed(vault, "escrow", "restore", stdin=text)
    assert (code, out.startswith("restored root-")) == (0, True)
    assert vault.files.root_key.read_bytes() == lost
    assert vault.files.root_key.stat().st_mode & 0o7777 == 0o400
    try:
        await vault.start()
        grant = (await vault.grant(account, stored.name)).token
        async with worker(vault) as stream:
            assert await stream.outcome(grant) == SECRET
    finally:
        await vault.close()
    # Neither the lines nor the key went into a log.
    written = vault.log()
    assert not any(line in written for line in (*lines.values(), lost.hex()))


@pytest.mark.long
async def test_the_sheet_of_another_installation_is_refused(stopped_vault: Vault, tmp_path: Path) -> None:
    vault = stopped_vault
    await vault.initialise()
    lines = sheet(vault)
    vault.files.root_key.unlink()
    vault.query("UPDATE installation SET root_key_id = 'root-of-another'", keystore=True)
    text = "".join(f"{number}: {line}\n" for number, line in lines.items())
    code, out, err = typed(vault, "escrow", "restore", stdin=text)
    assert (code, out) == (1, "")
    assert "the key store needs root-of-another" in err
    assert not vault.files.root_key.exists()


async def test_a_root_key_that_opens_nothing_is_not_printed(stopped_vault: Vault) -> None:
    vault = stopped_vault
    await vault.initialise()
    vault.files.root_key.unlink()
    RootKeyFile(vault.files.root_key).load_or_create().wipe()
    code, out, err = typed(vault, "escrow", stdin="")
    assert (code, out) == (1, "")
    assert "does not open version 1" in err


@pytest.mark.long
async def test_with_kms_there_is_a_file_to_keep_and_no_key_to_print(
    stopped_vault: Vault, tmp_path: Path
) -> None:
    vault = stopped_vault
    credentials = tmp_path / "aws.ini"
    credentials.write_text("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = example\n")
    with kms_stand_in.serving() as kms:
        vault.settings |= {
            "SMELT_ENVIRONMENT": "production",
            "SMELT_VAULT_ROOT_PROVIDER": "aws-kms",
            "SMELT_VAULT_KMS_KEY_ID": kms.new_key(),
            "SMELT_VAULT_KMS_REGION": kms.region,
            "SMELT_VAULT_KMS_ENDPOINT": kms.endpoint,
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        assert vault.run("init")[0] == 0
        code, out, _ = typed(vault, "escrow", stdin="")
        digest = hashlib.sha256(vault.files.root_key.read_bytes()).hexdigest()
        assert code == 0
        assert digest in out
        assert vault.settings["SMELT_VAULT_KMS_KEY_ID"] in out
        assert not re.search(r"^\s*1: ", out, re.MULTILINE)
        assert typed(vault, "escrow", "confirm", stdin=f"{digest[1:9]}\n")[0] == 1
        assert typed(vault, "escrow", "confirm", stdin=f"{digest[:8]}\n")[0] == 0
        try:
            await vault.start()
        finally:
            await vault.close()
