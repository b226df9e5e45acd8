"""The launcher's two commands, and how they report failures."""

import sys
from collections.abc import Callable, Sequence

from deploy.local.errors import CannotStart
from deploy.local.launcher import run
from deploy.local.settings import LauncherSettings
from services.common.settings import load

USAGE = "usage: python -m deploy.local run|demo"


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code: 1 with one line of reason, 2 for wrong usage or settings."""
    commands: dict[str, Callable[[LauncherSettings], int]] = {"run": run, "demo": _demo}
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
