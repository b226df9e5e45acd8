"""The whole embedded stack for end-to-end tests, started by its own command, as a person would start it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.local.processes import inherited_environment
from deploy.local.runtime import ROOT
from deploy.local.services import python_environment
from tests.support.patience import PATIENCE_SECONDS
from tests.support.ports import free_port
from tests.support.session import Room, Session

NAME = "stack"
# Tests of limits start their own stack.
GENEROUS = {
    "SMELT_LIMIT_LOGIN": "10000/15m",
    "SMELT_LIMIT_REGISTER": "10000/1h",
    "SMELT_LIMIT_RESET": "10000/1h",
    # On a busy machine, one check of a password takes seconds.
    "SMELT_BCRYPT_WAIT_SECONDS": "120",
    # Nothing here takes longer than this when an account's key is rotated.
    "SMELT_VAULT_ROTATION_GRACE_SECONDS": "5",
    # A process that takes over from a killed one need not wait half a minute here.
    "SMELT_CLAIM_SECONDS": "4",
    "SMELT_BATCH_POLL_SECONDS": "0.5",
    # So often that nothing which holds an event loop up for long passes unseen.
    "SMELT_LOOP_WATCH_SECONDS": "0.005",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """The addresses of a running stack."""

    gateway_url: str
    ca_file: Path
    provider_url: str
    state_dir: Path
    #: host:port on loopback that webhooks may be sent to; a test that wants them listens there.
    webhooks: str = ""

    @property
    def pids(self) -> Mapping[str, int]:
        """Every process by name, read again each time: a killed one comes back with another pid."""
        pids: dict[str, int] = _read(self.state_dir / "stack.json")["pids"]
        return pids


class Launcher:
    """`python -m deploy.local run` with one state directory. A shell around it records its exit code, so that
    any process of the test run can stop it."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self._output = state_dir.with_name(state_dir.name + ".out")
        self._exit = state_dir.with_name(state_dir.name + ".exit")

    def start(self, **settings: str) -> "subprocess.Popen[bytes]":
        """Start it and immediately return the shell around it."""
        self._exit.unlink(missing_ok=True)
        environment = {
            **inherited_environment(),
            **python_environment(),
            "SMELT_STATE_DIR": str(self.state_dir),
            "SMELT_GATEWAY_PORT": "0",
            **settings,
        }
        note = f'"$@"; echo $? > "{self._exit}.new"; mv "{self._exit}.new" "{self._exit}"'
        with self._output.open("wb") as output:
            return subprocess.Popen(
                ["sh", "-c", note, "sh", sys.executable, "-m", "deploy.local", "run"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_started(self) -> Stack:
        """The stack, once all of it is ready."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        told = self.state_dir / "stack.json"
        while not told.exists():
            if self._exit.exists() or time.monotonic() > deadline:
                raise AssertionError(f"the stack did not start: {self.said()}")
            time.sleep(0.05)
        written = _read(told)
        return Stack(
            written["gateway_url"], Path(written["ca_file"]), written["provider_url"], self.state_dir
        )

    def pid(self) -> int:
        """The launcher's own pid, from its lock file."""
        return int((self.state_dir / "launcher.lock").read_text())

    def signal(self, number: int) -> None:
        subprocess.run(["kill", f"-{number}", str(self.pid())], check=True)

    def wait_ended(self) -> int:
        """The launcher's exit code."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._exit.exists():
            if time.monotonic() > deadline:
                raise AssertionError(f"the stack did not stop: {self.said()}")
            time.sleep(0.05)
        return int(self._exit.read_text())

    def said(self) -> str:
        """The output so far."""
        return self._output.read_text(errors="replace").strip()


# Kept so that the garbage collector does not warn about a process that outlives this one: the run ends it.
_shells: list["subprocess.Popen[bytes]"] = []


def start(session: Session) -> Stack:
    """The run's one stack."""

    def begin(room: Room) -> dict[str, Any]:
        launcher = Launcher(room.directory / "state")
        # The check for leaked secrets reads the logs, so they are as verbose as they can be.
        webhooks = f"127.0.0.1:{free_port()}"
        shell = launcher.start(**GENEROUS, SMELT_LOG_LEVEL="debug", SMELT_PRIVATE_WEBHOOKS=webhooks)
        _shells.append(shell)
        room.register.add("stack-shell", shell.pid)
        try:
            launcher.wait_started()
        finally:
            if (room.directory / "state" / "launcher.lock").exists():
                room.register.add("stack", launcher.pid())
        return {"webhooks": webhooks}

    told = session.shared(NAME, begin)
    return replace(Launcher(session.directory / NAME / "state").wait_started(), **told)


def stop(session: Session) -> str | None:
    """Stop the run's stack if there is one; return what went wrong with stopping it."""
    if not (session.directory / f"{NAME}.json").exists():
        return None
    launcher = Launcher(session.directory / NAME / "state")
    launcher.signal(signal.SIGTERM)
    try:
        status = launcher.wait_ended()
    except AssertionError as error:
        return str(error)
    return None if status == 0 else f"the stack stopped with exit code {status}: {launcher.said()}"


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content
