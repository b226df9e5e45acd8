"""Key rotation as a person sees it: everything stays as it was."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from deploy.local.runtime import ROOT
from deploy.local.services import python_environment
from tests.e2e.api import Person
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider
from tests.support.stack import Stack
from tests.support.wire import address_of

LEADS = b"Name,City\r\nAda,London\r\nGrace,Arlington\r\n"


def operator(stack: Stack, *arguments: str) -> str:
    """Run a command of the vault with the operator's certificate; return what it printed."""
    certificates = stack.state_dir / "certs"
    done = subprocess.run(
        [sys.executable, "-m", "services.vault", *arguments],
        cwd=ROOT,
        env=python_environment()
        | {
            "SMELT_TLS_CERT_FILE": str(certificates / "operator.pem"),
            "SMELT_TLS_KEY_FILE": str(certificates / "operator.key"),
            "SMELT_TLS_CA_FILE": str(stack.ca_file),
            "SMELT_VAULT_ADDRESS": address_of(stack, "vault"),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.promise("S07")
@pytest.mark.long
def test_files_and_results_come_back_when_every_key_was_rotated(
    stack: Stack, new_person: Callable[[], Person], provider: Provider
) -> None:
    person = new_person()
    person.add_key(provider.base_url)
    file = person.file(LEADS)
    template = person.template("Greet {{Name}}.")
    job = person.job(file, [template])
    assert person.finished(job)["state"] == "COMPLETED"
    results = person.results(job)
    rows = person.call("GET", f"/v1/{job['name']}/rows").json()

    assert "a new key" in operator(stack, "rotate", "account")
    assert "is destroyed" in operator(stack, "rotate", "wrapping")
    assert "is destroyed" in operator(stack, "rotate", "root")
    # The old key is destroyed once files, processor and vault have confirmed that they no longer need it.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "retired account keys: 0" not in (said := operator(stack, "status")):
        assert time.monotonic() < deadline, said
        time.sleep(0.5)

    assert person.call("GET", f"/v1/{file['name']}:download").content == LEADS
    assert person.results(job) == results
    assert person.call("GET", f"/v1/{job['name']}/rows").json() == rows
    again = person.job(file, [template])
    assert person.finished(again)["state"] == "COMPLETED"
    assert person.results(again) == results
