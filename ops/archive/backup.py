"""Makes base backups, full ones and increments, from Postgres' stream straight into the archive."""

import fcntl
import json
import os
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import structlog

from ops.archive.manifest import Backup, backups, chain, publish
from ops.archive.objects import Counted, note, noted
from ops.archive.tar_tap import Tapped
from ops.errors import Damaged, OpsError
from ops.postgres.programs import Programs, environment, last_line
from ops.postgres.segments import lsn
from ops.postgres.source import Source
from ops.sealing import Recipients
from ops.state import write_durably
from ops.stores.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger()

#: How long a finished backup waits for the log that makes it consistent.
LOG_SECONDS = 120.0
_LOOK_SECONDS = 0.5
#: Bases of increments that are kept beside the archive; only the newest is built on.
_KEPT = 2
#: A longer chain restores slowly, and each link is one more thing to lose.
LONGEST_CHAIN = 64


@dataclass(frozen=True, slots=True)
class Backups:
    """Makes backups of one cluster into one archive; one at a time."""

    source: Source
    programs: Programs
    store: Store
    recipients: Recipients
    spool: Path

    def make(self, *, full: bool) -> Backup:
        """Make a backup that counts on return. Without `full`, an increment if one can be made."""
        with self._alone():
            parent = None if full else self._parent()
            if parent is not None:
                try:
                    return self._make(parent)
                except _NoSummaries:
                    log.warning("backup.no_summaries", parent=parent.id)
            return self._make(None)

    def _make(self, parent: Backup | None) -> Backup:
        kind = "increment" if parent else "full"
        began = time.monotonic()
        with self.source.connected() as connection:
            start_time = _now(connection)
            server = str(connection.info.server_version)
            row = connection.execute(
                "SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'"
            ).fetchone()
        assert row is not None
        id_ = f"{start_time.astimezone(UTC):%Y%m%dT%H%M%SZ}-{kind}-{secrets.token_hex(3)}"
        draft = Backup(
            id_, parent.id if parent else "", "", 0, int(row[0]), 0, 0, start_time, start_time, 0, "", server
        )
        size, digest, listing, plain = self._stream(draft, parent)
        with self.source.connected() as connection:
            end_time = _now(connection)
        told = json.loads(listing)
        ranges = told["WAL-Ranges"]
        backup = Backup(
            id=id_,
            parent=draft.parent,
            system=str(told["System-Identifier"]),
            timeline=int(ranges[-1]["Timeline"]),
            segment_bytes=draft.segment_bytes,
            start_lsn=min(lsn(each["Start-LSN"]) for each in ranges),
            end_lsn=max(lsn(each["End-LSN"]) for each in ranges),
            start_time=start_time,
            end_time=end_time,
            size=size,
            digest=digest,
            server=server,
        )
        self._await_log(backup)
        # What the next increment builds on stays here: it tells sizes of tables, and nobody else needs it.
        write_durably(self._listing(id_), listing)
        publish(self.store, backup)
        self._forget_listings()
        seconds = round(time.monotonic() - began, 1)
        note(self.store, "backup" if parent else "full", backup=id_, bytes=plain, seconds=seconds)
        log.info("backup.made", backup=id_, kind=kind, bytes=plain, stored=size, seconds=seconds)
        return backup

    def _stream(self, backup: Backup, parent: Backup | None) -> tuple[int, str, str, int]:
        """Copy the cluster; return size and digest in the archive, the list of files, and bytes read."""
        argv = [
            self.programs.path("pg_basebackup"),
            "-d",
            self.source.url,
            "-D",
            "-",
            "-F",
            "tar",
            "-X",
            "none",
        ]
        argv += ["--checkpoint=fast", "--no-password", "--manifest-checksums=SHA256", "-l", backup.id]
        if parent:
            argv.append(f"--incremental={self._listing(parent.id)}")
        with subprocess.Popen(
            argv,
            env=environment(password_file=self.source.password_file),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            said = _Said(process)
            try:
                with self.store.writing(backup.data_key) as sink:
                    counted = Counted(sink)
                    tapped = Tapped(process.stdout, "backup_manifest")
                    self.recipients.seal(tapped, counted)
                    # Only now, before the object counts: half a copy ends like a whole one.
                    if process.wait():
                        raise said.error()
            finally:
                if process.poll() is None:
                    process.kill()
        if not tapped.caught:
            raise OpsError(
                "pg_basebackup ended without the list of its files: is it the server's own version?"
            )
        return counted.size, counted.digest, bytes(tapped.caught).decode(), tapped.size

    def _await_log(self, backup: Backup) -> None:
        """Wait until the log that makes the backup consistent is in the archive."""
        deadline = time.monotonic() + LOG_SECONDS
        while True:
            told = noted(self.store, "wal") or {}
            if told.get("timeline") == backup.timeline and int(told.get("lsn", 0)) >= backup.end_lsn:
                return
            if time.monotonic() > deadline:
                raise OpsError(
                    f"the log that belongs to backup {backup.id} has not arrived in the archive after "
                    f"{LOG_SECONDS:.0f} s, so the backup does not count: is `smelt-ops wal` running?"
                )
            time.sleep(_LOOK_SECONDS)

    def _parent(self) -> Backup | None:
        """Return the newest backup that an increment can build on, or None."""
        known = backups(self.store)
        if not known or not self._listing(known[-1].id).exists():
            return None
        try:
            links = chain(known[-1], known)
        except Damaged as error:
            log.error("backup.chain_broken", backup=known[-1].id, why=str(error))
            return None
        told = noted(self.store, "wal") or {}
        same = told.get("timeline") == known[-1].timeline and told.get("system") == known[-1].system
        since_gap = told.get("gap_time") and datetime.fromisoformat(told["gap_time"]) >= known[-1].start_time
        return known[-1] if same and not since_gap and len(links) < LONGEST_CHAIN else None

    def _listing(self, id_: str) -> Path:
        return self.spool / f"{id_}.files"

    def _forget_listings(self) -> None:
        for path in sorted(self.spool.glob("*.files"))[:-_KEPT]:
            path.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.spool / "backup.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise OpsError("another backup is being made now") from None
        try:
            yield
        finally:
            os.close(descriptor)


class _NoSummaries(OpsError):
    """The server cannot tell what has changed since the backup to build on."""


class _Said:
    """What a child complains of, read while it runs so that it never waits for its reader."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._text = b""
        self._process = process
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        while part := self._process.stderr.read(4096):
            self._text = (self._text + part)[-8192:]

    def error(self) -> OpsError:
        self._thread.join(5)
        why = last_line(self._text.decode(errors="replace"))
        kind: Callable[[str], OpsError] = _NoSummaries if "summar" in why else OpsError
        return kind(f"pg_basebackup failed: {why}")


def _now(connection: Any) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    return cast(datetime, row[0])
