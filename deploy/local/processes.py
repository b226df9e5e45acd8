"""Child processes: each is started in its own session, logged to a file, waited for, and stopped."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.errors import CannotStart, Interrupted
from deploy.local.pids import Register
from deploy.local.signals import POLL_SECONDS, Flag
from deploy.local.users import User
from deploy.local.waiting import waits_for

# The only environment variables a child inherits. Everything else is passed explicitly; above all, no
# provider key that happens to be exported in the person's shell.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR")
FORCED_SECONDS = 2.0
_LOG_LOOK_SECONDS = 1.0
#: Tells the person something, in a line.
Say = Callable[[str], None]
# A child with a user of its own cannot enter the launcher's home.
HOMELESS = {"HOME": "/nonexistent"}


def silent(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Command:
    """How to start one process, and how to tell that it serves."""

    name: str
    argv: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] = lambda: True
    user: User | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    force_signal: signal.Signals = signal.SIGKILL
    before_stop: Callable[[], None] | None = None


class Child:
    """One process of a `Command`; can be started again after it has ended."""

    def __init__(self, command: Command, *, logs: Path, register: Register) -> None:
        self.command = command
        self._log = logs / f"{command.name}.log"
        self._register = register
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        self._process = _spawn(self.command, self._log)
        self._register.add(self.name, self.pid, stop_signal=self.command.stop_signal)

    def ended(self) -> int | None:
        """The exit status, or None while the process runs; the negative signal number if a signal killed
        it."""
        if self._process is None:
            return 0
        status = self._process.poll()
        if status is not None:
            self._register.remove(self._process.pid)
        return status

    def wait_ready(self, seconds: float, stopping: Flag, *, say: Say = silent) -> None:
        """Return when the process serves; raise `CannotStart` if it ends or is not ready in time.

        One that waits for its operator has all the time that takes; `say` tells the person, once.
        """
        deadline = time.monotonic() + seconds
        told, looked = "", 0.0
        while not self.command.ready():
            if time.monotonic() - looked > _LOG_LOOK_SECONDS:
                looked = time.monotonic()
                if why := waits_for(self._log):
                    deadline = looked + seconds
                    if why != told:
                        told = why
                        say(f"{self.name} waits for its operator: {why}")
            if stopping.is_set():
                raise Interrupted
            if (status := self.ended()) is not None:
                raise CannotStart(f"{self.name} {said(status)} before it was ready{last_words(self._log)}")
            if time.monotonic() > deadline:
                raise CannotStart(f"{self.name} was not ready after {seconds:.0f} s{last_words(self._log)}")
            time.sleep(POLL_SECONDS)

    def stop(self, hurry: Flag | None = None) -> None:
        """Ask the process to stop and wait. After its time limit, or at once if `hurry` is set, kill it and
        everything it started."""
        process = self._process
        if process is None:
            return
        hurry = hurry or Flag()
        if process.poll() is None and not hurry.is_set():
            if self.command.before_stop:
                self.command.before_stop()
            process.send_signal(self.command.stop_signal)
        deadline = time.monotonic() + self.command.stop_seconds
        while process.poll() is None and time.monotonic() < deadline and not hurry.is_set():
            time.sleep(POLL_SECONDS)
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, self.command.force_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(FORCED_SECONDS)
        # Its pid is certain to be that of its own process group only while the process exists.
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._register.remove(process.pid)


def run_once(
    command: Command, *, logs: Path, register: Register, stopping: Flag, seconds: float = 120.0
) -> None:
    """Run a command that ends on its own; unless it succeeds, raise `CannotStart` with its last log line."""
    child = Child(command, logs=logs, register=register)
    child.start()
    deadline = time.monotonic() + seconds
    try:
        while (status := child.ended()) is None:
            if stopping.is_set():
                raise Interrupted
            if time.monotonic() > deadline:
                raise CannotStart(f"{command.name} did not finish within {seconds:.0f} s")
            time.sleep(POLL_SECONDS)
    finally:
        child.stop()
    if status != 0:
        raise CannotStart(f"{command.name} {said(status)}{last_words(logs / (command.name + '.log'))}")


def rotate_logs(logs: Path) -> None:
    """Keep the logs of the last run as NAME.log.1, so that every log of this run starts empty."""
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    for log in logs.glob("*.log"):
        log.replace(log.with_name(log.name + ".1"))


def said(status: int) -> str:
    """Describe how a process ended."""
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"exited with code {status}"


def last_words(log: Path) -> str:
    """The last line of a log and the path of the log, to append to a message."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    return f": {lines[-1][:300]} (log: {log})" if lines else f" (log: {log})"


def inherited_environment() -> dict[str, str]:
    """The part of the launcher's environment that any child may see."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def _spawn(command: Command, log: Path) -> subprocess.Popen[bytes]:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            command.argv,
            cwd=command.directory,
            env={**inherited_environment(), **(HOMELESS if command.user else {}), **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
            user=command.user.uid if command.user else None,
            group=command.user.gid if command.user else None,
            extra_groups=[] if command.user else None,
        )
    except OSError as error:
        raise CannotStart(f"{command.name} could not be started: {error}") from error
    finally:
        os.close(descriptor)
