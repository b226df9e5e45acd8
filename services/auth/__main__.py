"""Starts auth: `serve`, or `migrate` its database; `accept-history` after a failover that lost nothing.

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

    from services.auth.service import assemble
    from services.auth.settings import AuthSettings
    from services.common import logs
    from services.common.rpc import server
    from services.common.settings import load

    settings = load(AuthSettings)
    logs.configure("auth", settings.log_level)
    garbage.leave_imports_alone()
    uvloop.run(server.serve(settings, partial(assemble, settings)))


def accept_history() -> None:
    """Serve from a database with another history, because an operator says that nothing was lost."""
    import asyncio

    from services.auth import service
    from services.common.settings import DatabaseSettings, load, read_secret

    url = read_secret(load(DatabaseSettings).database_url_file)
    history = asyncio.run(service.accept_history(url))
    print(f"accepted {history}: auth serves from it, and whatever ended in what was lost lives again")


_COMMANDS = {"serve": serve, "migrate": migrate, "accept-history": accept_history}


def main(arguments: Sequence[str]) -> None:
    """Run the command; exit with 2 if it does not exist."""
    if len(arguments) != 1 or arguments[0] not in _COMMANDS:
        print("usage: python -m services.auth serve|migrate|accept-history", file=sys.stderr)
        raise SystemExit(2)
    _COMMANDS[arguments[0]]()


if __name__ == "__main__":
    garbage.pause()
    main(sys.argv[1:])
