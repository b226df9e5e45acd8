"""Starts auth: `serve`, or `migrate` its database."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import uvloop

from services.auth.service import assemble
from services.auth.settings import AuthSettings
from services.common import logs
from services.common.process import garbage
from services.common.rpc import server
from services.common.settings import DatabaseSettings, load, read_secret
from services.common.store import migrations

MIGRATIONS = Path(__file__).with_name("migrations")


def main(arguments: Sequence[str]) -> None:
    """Run the command; exit with 2 for one that does not exist."""
    if list(arguments) not in (["serve"], ["migrate"]):
        print("usage: python -m services.auth serve|migrate", file=sys.stderr)
        raise SystemExit(2)
    if arguments[0] == "migrate":
        migrations.upgrade(MIGRATIONS, read_secret(load(DatabaseSettings).database_url_file))
    else:
        settings = load(AuthSettings)
        logs.configure("auth", settings.log_level)
        uvloop.run(server.serve(settings, partial(assemble, settings)))


if __name__ == "__main__":
    garbage.leave_imports_alone()
    main(sys.argv[1:])
