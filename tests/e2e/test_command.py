"""The command and the SDK against a real stack: over TLS, through Envoy, with a person's token."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from smelt_client import Client, Job

from deploy.local.certificates import Certificates
from tests.e2e.api import Person
from tests.support.provider import Provider
from tests.support.stack import Stack

SMELT = Path(sys.executable).with_name("smelt")


def smelt(
    stack: Stack, person: Person, *arguments: str, ca_file: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the command as a person."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(stack.state_dir),
        "SMELT_URL": stack.gateway_url,
        "SMELT_CA_FILE": str(ca_file or stack.ca_file),
        "SMELT_TOKEN": person.token,
    }
    return subprocess.run([SMELT, *arguments], env=environment, capture_output=True, text=True, check=False)


def findings(done: "subprocess.CompletedProcess[str]") -> dict[str, tuple[str, bool]]:
    """What the doctor found, and whether it is well."""
    return {each["what"]: (each["found"], not each["advice"]) for each in json.loads(done.stdout)}


def test_the_doctor_finds_a_healthy_account_well(stack: Stack, person: Person, provider: Provider) -> None:
    person.add_key(provider.base_url)
    done = smelt(stack, person, "doctor", "--json")
    found = findings(done)
    assert (done.returncode, done.stderr) == (0, ""), found
    assert all(well for _, well in found.values()), found
    assert found["account"][0] == person.email
    assert person.token not in done.stdout


@pytest.mark.parametrize("wrong", ["certificate", "login", "API key"])
def test_the_doctor_names_what_is_wrong(
    stack: Stack, new_person: Callable[[], Person], certificates: Certificates, wrong: str
) -> None:
    person = new_person()
    if wrong == "login":
        person.call("DELETE", "/v1/sessions/current")
    other = certificates.ca_file if wrong == "certificate" else None
    done = smelt(stack, person, "doctor", "--json", ca_file=other)
    assert done.returncode == 1
    assert not all(well for _, well in findings(done).values())
    assert not findings(done)["account" if wrong == "login" else wrong][1]


def test_a_job_is_run_by_one_call_of_the_sdk(
    stack: Stack, person: Person, provider: Provider, tmp_path: Path
) -> None:
    person.add_key(provider.base_url)
    leads = tmp_path / "leads.csv"
    leads.write_text("Name\nAda\nGrace\n")
    seen: list[Job] = []
    with Client(stack.gateway_url, person.token, ca_file=str(stack.ca_file)) as client:
        template = client.templates.create("Hook", "Write a hook for {{Name}}", output_column="Hook")
        job = client.jobs.run(leads, [template], max_cost_usd=Decimal("0.5"), progress=seen.append)
        client.jobs.download(job, tmp_path / "result.csv")
        assert client.request("GET", f"/v1/{job.name}").json()["state"] == "COMPLETED"
    assert (job.state, job.request_counts.succeeded, seen[-1]) == ("COMPLETED", 2, job)
    assert (tmp_path / "result.csv").read_text().startswith("Name,Hook\nAda,")
