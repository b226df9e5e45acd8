"""`wal`, `backup` and `verify`: commands that fill the archive and look after it. None can open it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ops.archive.prune import prune
from ops.archive.receiver import Receiver
from ops.archive.verify import verify as verified
from ops.archive.wal import Follower, Pace
from ops.commands.parts import making, say, until_stopped
from ops.settings import ClusterSettings, StoreSettings, WalSettings
from ops.stores.chosen import chosen
from ops.watching.metrics import serve
from services.common import logs
from services.common.settings import load


def wal() -> None:
    """Follow the main cluster's log into the archive, until stopped."""
    settings = load(WalSettings)
    logs.configure("ops", settings.log_level)
    backups = making(settings)
    stopping = until_stopped()
    scheduled = settings.backup_scheduled
    follower = Follower(
        backups.source,
        Receiver(backups.source, backups.programs, backups.spool / "wal"),
        backups,
        backups.spool,
        Pace(
            settings.backup_ship_seconds,
            settings.backup_heartbeat_seconds,
            settings.backup_spool_bytes,
            settings.window,
            timedelta(hours=settings.backup_full_hours) if scheduled else None,
            timedelta(hours=settings.backup_incremental_hours) if scheduled else None,
        ),
        stopping,
    )
    if settings.backup_listen:
        serve(settings.backup_listen, follower, backups.store)
    follower.run()


def backup(
    full: Annotated[bool, typer.Option("--full", help="Build on no earlier backup")] = False,
) -> None:
    """Make a backup: an increment of the newest, or a full one. Then delete what the window does not need."""
    settings = load(ClusterSettings)
    logs.configure("ops", settings.log_level)
    made = making(settings).make(full=full)
    say(f"made {made.id}: {made.size >> 10} KiB, as of {made.end_time.isoformat()}")
    store = chosen(settings)
    old, pieces = prune(store, now=datetime.now(UTC), window=settings.window)
    say(f"deleted {old} outdated backups and {pieces} pieces of log")


def verify(
    quick: Annotated[bool, typer.Option("--quick", help="Names and sizes alone, no digests")] = False,
) -> None:
    """Check that everything of the window is there and unaltered, without opening it."""
    settings = load(StoreSettings)
    findings = verified(chosen(settings), now=datetime.now(UTC), window=settings.window, quick=quick, say=say)
    for finding in findings:
        say(f"FAULT: {finding}")
    if findings:
        raise typer.Exit(1)
