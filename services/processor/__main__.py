"""The processor's commands: `serve`, `migrate`, `worker`."""

import asyncio
import sys
from functools import partial
from pathlib import Path

import uvloop

from services.common import logs
from services.common.process import garbage, malloc, switching
from services.common.rpc import server
from services.common.settings import DatabaseSettings, load, read_secret
from services.common.store import migrations
from services.processor.service import assemble
from services.processor.settings import ProcessorSettings, WorkerSettings
from services.processor.worker_service import work

MIGRATIONS = Path(__file__).parent / "migrations"
USAGE = "usage: python -m services.processor serve|migrate|worker"


def main(arguments: list[str]) -> int:
    """Run the command named by the arguments; return the exit status."""
    if arguments == ["migrate"]:
        migrations.upgrade(MIGRATIONS, read_secret(load(DatabaseSettings).database_url_file))
    elif arguments == ["serve"]:
        settings = load(ProcessorSettings)
        logs.configure("processor", settings.log_level)
        malloc.keep_small()
        switching.take_turns_often()
        asyncio.run(server.serve(settings, partial(assemble, settings)))
    elif arguments == ["worker"]:
        worker_settings = load(WorkerSettings)
        logs.configure("worker", worker_settings.log_level)
        malloc.keep_small()
        switching.take_turns_often()
        uvloop.run(work(worker_settings))
    else:
        print(USAGE, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    garbage.leave_imports_alone()
    sys.exit(main(sys.argv[1:]))
