"""A restore that is killed at any line goes on where it was when the command is repeated."""

import signal
import subprocess
from functools import partial
from pathlib import Path

import pytest

from deploy.local.runtime import ROOT
from tests.integration.ops.rig import Rig, rows_of
from tests.support.patience import PATIENCE_SECONDS, until

#: What appears in the workspace, or beside it, when a step has just been reached.
SIGNS = [
    "lock",
    "backups",
    "log",
    "main.new",
    "main.replaying",
    "main.replayed",
    "shadow.replayed",
    "state.json",
]


def reached(begun: "subprocess.Popen[bytes]", sign: Path) -> bool:
    """Whether the sign is there, or the process has ended."""
    return sign.exists() or begun.poll() is not None


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.promise("S55")
def test_a_restore_killed_at_each_step_ends_as_if_it_had_not_been(rig: Rig, room: Path) -> None:
    moment = rig.beat(5)
    kept = rig.rows
    rig.covered(rig.beat(5))
    data = room / "data"
    command = rig.argv("restore", "--to", moment.isoformat(), "--target", str(data))
    for sign in SIGNS:
        begun = subprocess.Popen(
            command,
            cwd=ROOT,
            env=rig.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(partial(reached, begun, room / "data.restore" / sign), sign)
        begun.send_signal(signal.SIGKILL)
        begun.wait(PATIENCE_SECONDS)
    done = rig.run("restore", "--to", moment.isoformat(), "--target", str(data))
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows_of(data, rig) == list(range(1, kept + 1))
    again = rig.run("restore", "--to", moment.isoformat(), "--target", str(data))
    assert (again.returncode, "done already" in again.stdout) == (0, True)
