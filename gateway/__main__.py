"""The gateway's commands: render the configuration, check it, and print the API description."""

import argparse
import datetime
import json
import subprocess
import sys
from pathlib import Path

from gateway.binary import EnvoyMissing, envoy_path
from gateway.bindings import load
from gateway.openapi import openapi
from gateway.render import CONFIGURATION, render
from gateway.settings import GatewaySettings
from services.common import settings


def main() -> int:
    """Run one command; the exit code is 0, or 2 for wrong arguments, settings or configuration."""
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (
        ("render", "write Envoy's configuration and every file it reads"),
        ("validate", "have Envoy check the rendered configuration"),
    ):
        command = commands.add_parser(name, help=purpose)
        command.add_argument(
            "--out", type=Path, required=True, help="the directory that holds the configuration"
        )
    commands.add_parser("openapi", help="print the OpenAPI document")
    arguments = parser.parse_args()
    if arguments.command == "render":
        render(settings.load(GatewaySettings), arguments.out, datetime.datetime.now(datetime.UTC))
        return 0
    if arguments.command == "validate":
        return validate(arguments.out)
    print(json.dumps(openapi(load()), indent=2))
    return 0


def validate(out: Path) -> int:
    """Let Envoy check the configuration: 0 if it accepts it, or 2 after printing its message."""
    try:
        command = [str(envoy_path()), "--mode", "validate", "-c", str(out / CONFIGURATION), "-l", "warning"]
    except EnvoyMissing as missing:
        print(missing, file=sys.stderr)
        return 2
    return 2 if subprocess.run(command, check=False).returncode else 0


if __name__ == "__main__":
    sys.exit(main())
