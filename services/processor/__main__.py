"""The processor's commands: `serve`, `migrate`, `worker`.

Each imports what it needs when it runs: a worker starts without what only the API needs.
"""

import sys
from pathlib import Path

from services.common.process import garbage

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate() -> None:
    """Bring the database to the tables of this version."""
    from services.common.settings import MigrationSettings, load, read_secret
    from services.common.store import migrations

    owner = load(MigrationSettings)
    migrations.upgrade(MIGRATIONS, read_secret(owner.database_url_file), owner.serving_role)


def serve() -> None:
    """Serve the API until SIGTERM or SIGINT."""
    import asyncio
    from functools import partial

    from services.common import logs
    from services.common.process import malloc, switching
    from services.common.rpc import server
    from services.common.settings import load
    from services.processor.service import assemble
    from services.processor.settings import ProcessorSettings

    settings = load(ProcessorSettings)
    logs.configure("processor", settings.log_level)
    malloc.keep_small()
    switching.take_turns_often()
    garbage.leave_imports_alone()
    asyncio.run(server.serve(settings, partial(assemble, settings)))


def worker() -> None:
    """Work on jobs until SIGTERM or SIGINT."""
    import uvloop

    from services.common import logs
    from services.common.process import malloc, switching
    from services.common.settings import load
    from services.processor.settings import WorkerSettings
    from services.processor.worker_service import work

    settings = load(WorkerSettings)
    logs.configure("worker", settings.log_level)
    malloc.keep_small()
    switching.take_turns_often()
    garbage.leave_imports_alone()
    uvloop.run(work(settings))


_COMMANDS = {"serve": serve, "migrate": migrate, "worker": worker}


def main(arguments: list[str]) -> int:
    """Run the command named by the arguments; return the exit status."""
    if len(arguments) != 1 or arguments[0] not in _COMMANDS:
        print("usage: python -m services.processor serve|migrate|worker", file=sys.stderr)
        return 2
    _COMMANDS[arguments[0]]()
    return 0


if __name__ == "__main__":
    garbage.pause()
    sys.exit(main(sys.argv[1:]))
