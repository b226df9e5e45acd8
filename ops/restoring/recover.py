"""From unpacked backups to a server that has replayed its log."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ops.archive.window import Plan
from ops.postgres.private_server import PrivateServer, Recovery, end_server, serving
from ops.postgres.programs import Programs
from ops.restoring.fetch import Fetching

#: Replay of a day's log takes minutes; without any end, a server that waits for ever would hide its reason.
REPLAY_SECONDS = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Recovering:
    """Combines and recovers within a workspace."""

    programs: Programs
    room: Path

    def combine(self, fetched: Fetching, plan: Plan, name: str) -> Path:
        """Make one data directory of a full backup and its increments, and verify each file of it.

        What an earlier run has begun to replay is made anew: how far it got is not known.
        """
        place = self.room / name
        end_server(self.programs, place)
        if (self.room / f"{name}.replaying").exists() and not (self.room / f"{name}.replayed").exists():
            shutil.rmtree(place, ignore_errors=True)
        if place.exists():
            return place
        draft = self.room / f"{name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        (self.room / f"{name}.replaying").unlink(missing_ok=True)
        inputs = [str(fetched.data(link)) for link in plan.links]
        self.own(self.room)
        self.programs.run("pg_combinebackup", *inputs, "-o", str(draft), directory=self.room)
        self.programs.run("pg_verifybackup", "--no-parse-wal", "--quiet", str(draft), directory=self.room)
        draft.replace(place)
        return place

    @contextmanager
    def recovered(self, name: str, log: Path, *, to: datetime | None) -> Iterator[PrivateServer]:
        """Serve data that has replayed its log up to a moment or its end; if it was replayed before, just
        serve it."""
        data, done = self.room / name, self.room / f"{name}.replayed"
        end_server(self.programs, data)
        recovery = None
        if not done.exists():
            (self.room / f"{name}.replaying").touch()
            recovery = Recovery(log, f"{to.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00" if to else "")
        with serving(
            self.programs,
            data,
            log=self.room / f"{name}.server.log",
            recovery=recovery,
            seconds=REPLAY_SECONDS,
        ) as server:
            done.touch()
            yield server

    def own(self, place: Path) -> None:
        """Give everything in a directory to the user of the server, if it is another one's."""
        uid, gid = self.programs.uid, self.programs.gid
        if uid is None or gid is None:
            return
        for folder, folders, files in os.walk(place):
            for name in (*folders, *files):
                os.chown(Path(folder, name), uid, gid, follow_symlinks=False)
        os.chown(place, uid, gid)
