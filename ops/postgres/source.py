"""The running main cluster, as backups see it: a role with REPLICATION and a small database of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg

from ops.errors import OpsError
from ops.postgres.programs import without_password
from ops.postgres.segments import lsn

SLOT = "smelt_archive"
_FOR_LIBPQ = "pgpass"


class SourceUnavailable(OpsError):
    """The cluster does not answer now."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat that was committed: its time by the cluster's clock, and a position in the log after it."""

    time: datetime
    lsn: int


@dataclass(frozen=True, slots=True)
class SlotState:
    """What the server keeps for the receiver."""

    #: Bytes of log that the receiver has not confirmed.
    retained: int
    #: The server threw away log that the receiver needed.
    lost: bool


@dataclass(frozen=True, slots=True)
class Source:
    """The cluster's address, without its password; that stands in a file for libpq."""

    url: str = field(repr=False)
    password_file: Path

    @classmethod
    def of(cls, url: str, room: Path) -> "Source":
        password_file = room / _FOR_LIBPQ
        return cls(without_password(url, password_file), password_file)

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection]:
        """Connect to the database of the heartbeat; raise SourceUnavailable."""
        try:
            with psycopg.connect(
                self.url,
                passfile=str(self.password_file),
                connect_timeout=5,
                autocommit=True,
                application_name="smelt-ops",
                options="-c statement_timeout=10000",
            ) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise SourceUnavailable(f"the main cluster does not answer ({type(error).__name__})") from None


def prepare(connection: psycopg.Connection) -> None:
    """Create the heartbeat's table unless it is there."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS heartbeat (single bool PRIMARY KEY DEFAULT true CHECK (single), "
        "time timestamptz NOT NULL)"
    )


def beat(connection: psycopg.Connection) -> Beat:
    """Commit a heartbeat."""
    row = connection.execute(
        "INSERT INTO heartbeat (time) VALUES (clock_timestamp()) "
        "ON CONFLICT (single) DO UPDATE SET time = excluded.time RETURNING time"
    ).fetchone()
    # Asked after the commit, so that the position lies behind the heartbeat's end in the log.
    after = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
    assert row is not None
    assert after is not None
    return Beat(row[0], lsn(after[0]))


def slot_state(connection: psycopg.Connection) -> SlotState | None:
    """Return the state of the archive's slot, or None if there is none."""
    row = connection.execute(
        "SELECT coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint, wal_status "
        "FROM pg_replication_slots WHERE slot_name = %s",
        (SLOT,),
    ).fetchone()
    return None if row is None else SlotState(int(row[0]), row[1] == "lost")


def drop_slot(connection: psycopg.Connection) -> None:
    """Drop a slot that has lost what it was for."""
    connection.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))


def segment_bytes(connection: psycopg.Connection) -> int:
    """Return how large the cluster's pieces of log are."""
    row = connection.execute(
        "SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def identity(connection: psycopg.Connection) -> str:
    """Return the cluster's system identifier: another cluster's log never fits."""
    row = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    assert row is not None
    return str(row[0])
