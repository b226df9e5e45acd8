"""Runs the embedded stack, from the first check until the last process ends; one launcher per state
directory."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local import binaries, ports
from deploy.local.accounts import Identities
from deploy.local.errors import CannotStart, Interrupted
from deploy.local.layout import Layout
from deploy.local.pids import Register, end_leftovers
from deploy.local.processes import rotate_logs
from deploy.local.runtime import ROOT
from deploy.local.secret_files import write_secret
from deploy.local.settings import LauncherSettings
from deploy.local.signals import StopSignals
from deploy.local.stack import Stack, build
from deploy.local.supervision import Supervisor

LOOK_SECONDS = 0.2


def say(line: str) -> None:
    """Print a line for the person; a terminal that is gone is no reason to fail."""
    with contextlib.suppress(OSError, ValueError):
        print(f"smelt: {line}", flush=True)


def run(settings: LauncherSettings, *, code: Path = ROOT) -> int:
    """Start the stack and keep it running until a signal stops it; `code` is the directory in which the
    processes find the project."""
    signals = StopSignals()
    signals.install()
    began = time.monotonic()
    say(f"starting (state and logs in {settings.state_dir.resolve()})")
    try:
        with running(settings, signals, say=say, code=code) as stack:
            say(f"ready after {time.monotonic() - began:.1f} s; Ctrl-C stops it")
            say(f"gateway  {stack.gateway.url}")
            if stack.has_console:
                say(
                    f"open {stack.gateway.url}/ in a browser for the console (its CA file is not trusted yet)"
                )
            say(f"CA file  {stack.gateway.ca_file}")
            say(f"stand-in provider  {stack.provider_url}")
            supervise(stack, say)
            say("stopping")
    except Interrupted:
        pass
    finally:
        signals.ignore()
    say("stopped")
    return 0


@contextmanager
def running(
    settings: LauncherSettings, signals: StopSignals, *, say: Callable[[str], None], code: Path = ROOT
) -> Iterator[Stack]:
    """Yield the stack once it is ready and `stack.json` is written; always stop all of it at the end."""
    # The users of the parts must be able to traverse the state directory. Its subdirectories and files set
    # their own private modes, and children get a stricter umask.
    os.umask(0o022)
    layout = Layout(settings.state_dir.resolve())
    layout.make()
    with _only_launcher(layout), ports.PortBlock.reserve(layout.ports_file) as block:
        layout.stack_file.unlink(missing_ok=True)
        if ended := end_leftovers(layout.processes_file):
            say(f"ended processes left over from an earlier launcher: {', '.join(ended)}")
        _check(settings)
        identities = Identities.ensure(layout.identities_file)
        layout.furnish(identities)
        rotate_logs(layout.logs)
        register = Register(layout.processes_file)
        stack = build(
            settings,
            layout,
            ports=block,
            register=register,
            code=code,
            identities=identities,
            stopping=signals.stopping,
        )
        stack.hurry = signals.hurry
        stack.say = say
        try:
            stack.start()
            write_stack_file(stack)
            yield stack
        finally:
            layout.stack_file.unlink(missing_ok=True)
            stack.stop()


def supervise(stack: Stack, say: Callable[[str], None]) -> None:
    """Restart processes that exit unexpectedly, until the stack should stop."""
    supervisor = Supervisor(list(stack.children.values()), say)
    while not stack.stopping.wait(LOOK_SECONDS):
        if supervisor.look():
            write_stack_file(stack)


def write_stack_file(stack: Stack) -> None:
    """Write the file that tells other programs where the stack is; it contains nothing secret."""
    content = {
        "gateway_url": stack.gateway.url,
        "ca_file": str(stack.gateway.ca_file),
        "provider_url": stack.provider_url,
        "pids": {name: child.pid for name, child in sorted(stack.children.items())},
    }
    write_secret(stack.layout.stack_file, json.dumps(content, indent=2) + "\n", mode=0o644)


@contextmanager
def _only_launcher(layout: Layout) -> Iterator[None]:
    """Lock the state directory; the lock ends with this process, however it ends."""
    with layout.lock_file.open("a+") as lock:
        os.fchmod(lock.fileno(), 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid = lock.read().strip() or "unknown"
            raise CannotStart(f"the stack is already running on {layout.state} (pid {pid})") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield
        finally:
            lock.truncate(0)


def _check(settings: LauncherSettings) -> None:
    """Raise `CannotStart` for anything missing, before anything is started."""
    for find in (binaries.postgres_directory, binaries.valkey, binaries.rclone, binaries.envoy):
        find()
    if settings.gateway_port and not ports.is_free(settings.gateway_port):
        raise CannotStart(
            f"port {settings.gateway_port} is in use: set SMELT_GATEWAY_PORT to another one, or to 0 for any"
        )
