"""Starts files: `serve`, or `migrate` its database; `lost` looks for what the bucket no longer has.

Each imports what it needs when it runs.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from services.common.process import garbage

MIGRATIONS = Path(__file__).with_name("migrations")


def migrate() -> None:
    """Bring the database to the tables of this version."""
    from services.common.settings import MigrationSettings, load, read_secret
    from services.common.store import migrations

    owner = load(MigrationSettings)
    migrations.upgrade(MIGRATIONS, read_secret(owner.database_url_file), owner.serving_role)


def serve() -> None:
    """Serve until SIGTERM or SIGINT."""
    from functools import partial

    import uvloop

    from services.common import logs
    from services.common.process import malloc, switching
    from services.common.rpc import server
    from services.common.settings import load
    from services.files.service import assemble
    from services.files.settings import FilesSettings

    settings = load(FilesSettings)
    logs.configure("files", settings.log_level)
    malloc.keep_small()
    switching.take_turns_often()
    garbage.leave_imports_alone()
    uvloop.run(server.serve(settings, partial(assemble, settings)))


def lost() -> None:
    """Mark and print what the bucket has lost; exit with 1 if anything is."""
    import asyncio

    from services.common.settings import load
    from services.files.service import look_for_lost
    from services.files.settings import FilesSettings

    found = asyncio.run(look_for_lost(load(FilesSettings)))
    for census in found.values():
        for each in census.lost:
            print("lost", each.name, each.account, sep="\t")
    counts = (f"{len(census.lost)} of {census.count} {holder.value}" for holder, census in found.items())
    print(f"{' and '.join(counts)} are lost")
    raise SystemExit(any(census.lost for census in found.values()))


_COMMANDS = {"serve": serve, "migrate": migrate, "lost": lost}


def main(arguments: Sequence[str]) -> None:
    """Run the command; exit with 2 if it does not exist."""
    if len(arguments) != 1 or arguments[0] not in _COMMANDS:
        print("usage: python -m services.files serve|migrate|lost", file=sys.stderr)
        raise SystemExit(2)
    _COMMANDS[arguments[0]]()


if __name__ == "__main__":
    garbage.pause()
    main(sys.argv[1:])
