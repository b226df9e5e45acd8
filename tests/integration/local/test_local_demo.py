"""The demo as a person runs it: everything real, twice over the same state."""

import csv
import json
import os
import stat
import subprocess
import sys

import pytest

from deploy.local.processes import inherited_environment
from deploy.local.services import ROOT, python_environment
from tests.support.patience import PATIENCE_SECONDS
from tests.support.session import Session


@pytest.mark.xdist_group("stack")
def test_the_demo_works_twice_over_the_same_state(test_session: Session) -> None:
    state = test_session.directory / f"demo-{os.getpid()}"
    for _ in range(2):
        answer = subprocess.run(
            [sys.executable, "-m", "deploy.local", "demo"],
            cwd=ROOT,
            env={
                **inherited_environment(),
                **python_environment(),
                "SMELT_STATE_DIR": str(state),
                "SMELT_GATEWAY_PORT": "0",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        assert (answer.returncode, answer.stderr) == (0, "")
        assert "The first 5 of 20 rows" in answer.stdout
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
        assert json.loads(memory.read_text())["password"] not in answer.stdout
