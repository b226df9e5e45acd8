"""A cluster, its archive, and the commands of `smelt-ops` on both, as their own processes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from deploy.local import accounts
from deploy.local.pids import Register
from deploy.local.ports import PortBlock
from deploy.local.postgres import Cluster, reachable_binaries
from deploy.local.processes import Child
from deploy.local.runtime import ROOT
from deploy.local.secret_files import private_directory, write_secret
from deploy.local.signals import Flag
from ops.archive.window import Contents, read
from ops.sealing import new_identity
from ops.stores.directory import Directory
from tests.support.patience import PATIENCE_SECONDS

_SETTINGS = {"summarize_wal": "on", "max_wal_size": "64MB"}


@dataclass(slots=True)
class Rig:
    """One cluster with a table of numbered rows, each stamped by the cluster's clock."""

    home: Path
    cluster: Cluster
    ports: PortBlock
    identity: Path
    environment: dict[str, str]
    server: Child
    wal: subprocess.Popen[bytes] | None = None
    rows: int = 0
    _register: Register = field(default=None)  # type: ignore[assignment]

    @classmethod
    def at(cls, home: Path) -> "Rig":
        user = accounts.Identities.ensure(home / "identities.json").of("postgres")
        ports = PortBlock.reserve()
        block = ports.__enter__()
        cluster = Cluster(
            "main",
            block.take(),
            ("backups",),
            home,
            private_directory(home / "secrets"),
            reachable_binaries(user, home),
            user,
            _SETTINGS,
        )
        logs, register = private_directory(home / "logs"), Register(home / "processes.json")
        cluster.initialise(logs=logs, register=register, stopping=Flag())
        server = Child(cluster.command(), logs=logs, register=register)
        server.start()
        server.wait_ready(PATIENCE_SECONDS, Flag())
        cluster.prepare()
        with cluster.connect() as connection:
            connection.execute("ALTER ROLE backups REPLICATION")
            connection.execute(
                "CREATE TABLE beats (n int PRIMARY KEY, time timestamptz NOT NULL DEFAULT clock_timestamp(), "
                "padding text)"
            )
        restoring, escrow = (new_identity() for _ in range(2))
        for name, (secret, _) in (("restore.key", restoring), ("escrow.key", escrow)):
            write_secret(home / name, secret)
        write_secret(home / "stranger.key", new_identity()[0])
        write_secret(home / "backups.url", cluster.url("backups"))
        (home / "archive").mkdir()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SMELT_")},
            "SMELT_BACKUP_DIR": str(home / "archive"),
            "SMELT_BACKUP_RECIPIENTS": f"{restoring[1]},{escrow[1]}",
            "SMELT_BACKUP_DATABASE_URL_FILE": str(home / "backups.url"),
            "SMELT_BACKUP_SPOOL_DIR": str(home / "spool"),
            "SMELT_BACKUP_IDENTITY_FILE": str(home / "restore.key"),
            "SMELT_BACKUP_SHIP_SECONDS": "0.5",
            "SMELT_BACKUP_HEARTBEAT_SECONDS": "0.5",
            "SMELT_PG_BIN": str(cluster.binaries),
        }
        made = cls(home, cluster, ports, home / "restore.key", environment, server, _register=register)
        made.follow()
        made.until(lambda: bool(made.contents().spans()), "the first full backup")
        return made

    def close(self) -> None:
        self.unfollow()
        self.server.stop()
        self.ports.__exit__(None, None, None)

    # -- what runs ------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Start `smelt-ops wal`."""
        log = (self.home / "wal.log").open("ab")
        self.wal = subprocess.Popen(self.argv("wal"), cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def unfollow(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.wal is not None:
            self.wal.send_signal(how)
            self.wal.wait(PATIENCE_SECONDS)
            self.wal = None

    def serve(self) -> None:
        self.server.start()
        self.server.wait_ready(PATIENCE_SECONDS, Flag())

    def kill_server(self) -> None:
        """`kill -9` of the server and all of its processes."""
        os.killpg(self.server.pid, signal.SIGKILL)
        while self.server.ended() is None:
            time.sleep(0.01)
        self.server.stop()

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `smelt-ops` to its end."""
        return subprocess.run(
            self.argv(*arguments),
            cwd=ROOT,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tests.integration.ops.bare", *arguments]

    # -- what it holds --------------------------------------------------------------------------------------

    def beat(self, count: int = 1, *, padding: int = 0) -> datetime:
        """Commit rows one by one; return a moment right after the last."""
        with self.cluster.connect() as connection:
            for _ in range(count):
                self.rows += 1
                # Below the size from which Postgres compresses, so that a sweep would see it.
                text = f"canary-{self.rows:08d}-" * min(padding, 100)
                connection.execute("INSERT INTO beats (n, padding) VALUES (%s, %s)", (self.rows, text))
            row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        moment: datetime = row[0]
        return moment.astimezone(UTC)

    def switch(self) -> None:
        """Finish the current piece of the log."""
        with self.cluster.connect() as connection:
            connection.execute("SELECT pg_switch_wal()")

    def archive(self) -> Directory:
        return Directory(self.home / "archive")

    def contents(self) -> Contents:
        return read(self.archive())

    def covered(self, moment: datetime) -> None:
        """Wait until a moment can be restored."""
        self.until(
            lambda: bool(s := self.contents().spans()) and s[-1].end >= moment, f"{moment} in the archive"
        )

    def until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            log = (self.home / "wal.log").read_text()[-2000:]
            assert time.monotonic() < deadline, f"waited in vain for {what}: {log}"
            assert self.wal is None or self.wal.poll() is None, log
            time.sleep(0.05)

    def copied_archive(self, place: Path) -> Path:
        """A copy of the archive to damage."""
        shutil.copytree(self.home / "archive", place)
        return place


def rows_of(data: Path, rig: Rig) -> list[int]:
    """Serve restored data and return the numbers of its rows."""
    from ops.commands.parts import servers_programs
    from ops.postgres.private_server import serving

    programs = servers_programs(str(rig.cluster.binaries), data)
    with (
        serving(programs, data, log=data.with_name("look.log"), seconds=PATIENCE_SECONDS) as server,
        psycopg.connect(server.url()) as connection,
    ):
        return [row[0] for row in connection.execute("SELECT n FROM beats ORDER BY n")]
