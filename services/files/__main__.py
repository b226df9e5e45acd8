"""Starts files: `serve`, or `migrate` its database."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import uvloop

from services.common import logs
from services.common.process import garbage, malloc, switching
from services.common.rpc import server
from services.common.settings import DatabaseSettings, load, read_secret
from services.common.store import migrations
from services.files.service import assemble
from services.files.settings import FilesSettings

MIGRATIONS = Path(__file__).with_name("migrations")


def main(arguments: Sequence[str]) -> None:
    """Run the command; exit with 2 if it does not exist."""
    if list(arguments) not in (["serve"], ["migrate"]):
        print("usage: python -m services.files serve|migrate", file=sys.stderr)
        raise SystemExit(2)
    if arguments[0] == "migrate":
        migrations.upgrade(MIGRATIONS, read_secret(load(DatabaseSettings).database_url_file))
    else:
        settings = load(FilesSettings)
        logs.configure("files", settings.log_level)
        malloc.keep_small()
        switching.take_turns_often()
        uvloop.run(server.serve(settings, partial(assemble, settings)))


if __name__ == "__main__":
    garbage.leave_imports_alone()
    main(sys.argv[1:])
