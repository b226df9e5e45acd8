"""The parts that commands put together from settings."""

import os
import pwd
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from ops.archive.backup import Backups
from ops.errors import OpsError
from ops.postgres.programs import Programs, programs
from ops.postgres.source import Source
from ops.sealing import Recipients
from ops.settings import ClusterSettings
from ops.stores.chosen import chosen
from services.common.settings import read_secret

_SERVERS_USERS = ("postgres", "nobody")


def say(line: str) -> None:
    """Print a line for the operator, at once."""
    print(line, flush=True)
    sys.stdout.flush()


def until_stopped() -> threading.Event:
    """Return an event that a stop signal sets."""
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


def making(settings: ClusterSettings) -> Backups:
    """Return what makes backups of the running cluster."""
    spool = settings.backup_spool_dir
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Backups(
        Source.of(read_secret(settings.backup_database_url_file), spool),
        programs(settings.pg_bin),
        chosen(settings),
        Recipients(settings.backup_recipients),
        spool,
    )


def servers_programs(named: str, place: Path) -> Programs:
    """Return the programs, run by the owner of `place` if this process is root: Postgres refuses root."""
    found = programs(named)
    if os.geteuid() != 0:
        return found
    for each in (place, place.parent):
        if each.exists() and (status := each.stat()).st_uid != 0:
            return Programs(found.directory, status.st_uid, status.st_gid)
    for name in _SERVERS_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Programs(found.directory, entry.pw_uid, entry.pw_gid)
    raise OpsError("Postgres refuses to run as root: run this as the user that the server runs as")
