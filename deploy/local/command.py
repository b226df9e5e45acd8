"""The launcher's commands, and how they report failures."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence

from deploy.local.backups import environment_file
from deploy.local.errors import CannotStart
from deploy.local.launcher import run
from deploy.local.layout import Layout
from deploy.local.services import python_environment
from deploy.local.settings import ROOT_STATE, LauncherSettings
from services.common.settings import load

USAGE = "usage: python -m deploy.local run|demo|env|ops ..."


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code: 1 with one line of reason, 2 for wrong usage or settings."""
    commands: dict[str, Callable[[LauncherSettings], int]] = {"run": run, "demo": _demo, "env": _env}
    if arguments[:1] == ["ops"]:
        return _ops(load(LauncherSettings), arguments[1:])
    if len(arguments) != 1 or arguments[0] not in commands:
        print(USAGE, file=sys.stderr)
        return 2
    settings = load(LauncherSettings)
    try:
        return commands[arguments[0]](settings)
    except CannotStart as error:
        print(f"smelt: {error}", file=sys.stderr)
        return 1


def _demo(settings: LauncherSettings) -> int:
    # Imported here, because only the demo needs the packages that display it.
    from deploy.local.demo import demo

    return demo(settings)


def _ops(settings: LauncherSettings, arguments: Sequence[str]) -> int:
    """Run a command of `smelt-ops` on the backups of the stack, which need not run."""
    told = environment_file(Layout(settings.state_dir.resolve()))
    if not told.exists():
        print("smelt: this stack has no backups; start it with SMELT_BACKUPS=on first", file=sys.stderr)
        return 1
    environment = {**os.environ, **json.loads(told.read_text()), **python_environment()}
    return subprocess.run([sys.executable, "-m", "ops", *arguments], env=environment).returncode


def _env(settings: LauncherSettings) -> int:
    """Print where the running stack is, as assignments for a shell."""
    for place in (settings.state_dir.resolve(), ROOT_STATE):
        layout = Layout(place)
        if layout.stack_file.exists():
            stack = json.loads(layout.stack_file.read_text())
            told = {
                "SMELT": stack["gateway_url"],
                "CA": stack["ca_file"],
                "PROVIDER": stack["provider_url"],
                "MAILS": str(settings.mail_dir or layout.mail),
            }
            print("\n".join(f"{name}={shlex.quote(value)}" for name, value in told.items()))
            return 0
    raise CannotStart("no stack is running here; start one with `make run`")
