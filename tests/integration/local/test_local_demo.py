"""The demo as a person runs it: everything real, twice over the same state."""

import csv
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.processes import inherited_environment
from deploy.local.runtime import ROOT
from deploy.local.services import python_environment
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS
from tests.support.session import Session


def start(state: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.local", "demo"],
        cwd=ROOT,
        env={
            **inherited_environment(),
            **python_environment(),
            "SMELT_STATE_DIR": str(state),
            "SMELT_GATEWAY_PORT": "0",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.xdist_group("stack")
@pytest.mark.parametrize("times", first(1, [1, 2]))
def test_the_demo_works_and_again_over_the_same_state(test_session: Session, times: int) -> None:
    state = test_session.directory / f"demo-{times}-{os.getpid()}"
    for _ in range(times):
        with start(state) as running:
            said, complaints = running.communicate(timeout=PATIENCE_SECONDS)
        assert (running.returncode, complaints) == (0, "")
        assert "The first 5 of 20 rows" in said
        assert not (state / "stack.json").exists()
        assert json.loads((state / "processes.json").read_text()) == []
        with (ROOT / "examples" / "leads.csv").open(newline="") as file:
            sample = list(csv.DictReader(file))
        with (state / "demo-result.csv").open(newline="", encoding="utf-8-sig") as file:
            result = list(csv.DictReader(file))
        assert [row["Company"] for row in result] == [row["Company"] for row in sample]
        assert all(row["Hook"] for row in result)
        memory = state / "demo.json"
        assert stat.S_IMODE(memory.stat().st_mode) == 0o600
        assert json.loads(memory.read_text())["password"] not in said


@pytest.mark.xdist_group("stack")
@pytest.mark.long
def test_a_burst_of_signals_ends_the_demo_in_the_middle_of_its_job(test_session: Session) -> None:
    state = test_session.directory / f"demo-burst-{os.getpid()}"
    with start(state) as running:
        assert running.stdout
        while "is in the vault" not in (line := running.stdout.readline()):
            assert line, running.communicate()
        for number in range(50):
            running.send_signal((signal.SIGTERM, signal.SIGINT)[number % 2])
        said, complaints = running.communicate(timeout=PATIENCE_SECONDS)
    assert (running.returncode, complaints) == (130, ""), said
    assert not (state / "stack.json").exists()
    assert json.loads((state / "processes.json").read_text()) == []
