"""The running main cluster, as backups see it: a role with REPLICATION and a small database of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import psycopg

from ops.errors import OpsError
from ops.postgres.programs import without_password
from ops.postgres.segments import lsn

SLOT = "smelt_archive"
_FOR_LIBPQ = "pgpass"


Connection = psycopg.Connection
P = ParamSpec("P")
R = TypeVar("R")


class SourceUnavailable(OpsError):
    """The cluster does not answer now."""


def _told(ask: Callable[Concatenate[Connection, P], R]) -> Callable[Concatenate[Connection, P], R]:
    """Let a question raise SourceUnavailable where the server's own words could show an address."""

    @wraps(ask)
    def asking(connection: Connection, /, *arguments: P.args, **named: P.kwargs) -> R:
        try:
            return ask(connection, *arguments, **named)
        except psycopg.Error as error:
            raise SourceUnavailable(f"the main cluster refused ({type(error).__name__})") from None

    return asking


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

    def connect(self) -> psycopg.Connection:
        """Connect to the database of the heartbeat; raise SourceUnavailable."""
        try:
            return psycopg.connect(
                self.url,
                passfile=str(self.password_file),
                connect_timeout=5,
                autocommit=True,
                application_name="smelt-ops",
                options="-c statement_timeout=10000",
            )
        except psycopg.OperationalError as error:
            raise SourceUnavailable(f"the main cluster does not answer ({type(error).__name__})") from None

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection]:
        """Connect for a few statements; raise SourceUnavailable, also when the connection breaks off."""
        try:
            with self.connect() as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise SourceUnavailable(f"the main cluster does not answer ({type(error).__name__})") from None


@_told
def prepare(connection: Connection) -> None:
    """Create the heartbeat's table unless it is there."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS heartbeat (single bool PRIMARY KEY DEFAULT true CHECK (single), "
        "time timestamptz NOT NULL)"
    )


@_told
def beat(connection: Connection) -> Beat:
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


@_told
def slot_state(connection: Connection) -> SlotState | None:
    """Return the state of the archive's slot, or None if there is none."""
    row = connection.execute(
        "SELECT coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint, wal_status "
        "FROM pg_replication_slots WHERE slot_name = %s",
        (SLOT,),
    ).fetchone()
    return None if row is None else SlotState(int(row[0]), row[1] == "lost")


@_told
def drop_slot(connection: Connection) -> None:
    """Drop a slot that has lost what it was for."""
    connection.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))


@_told
def create_slot(connection: Connection) -> None:
    """Create the archive's slot, which keeps log from this moment on."""
    connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (SLOT,))


@_told
def end_receivers(connection: Connection) -> None:
    """End the connection that uses the slot, if there is one."""
    connection.execute(
        "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots "
        "WHERE slot_name = %s AND active",
        (SLOT,),
    )


@_told
def flushed(connection: Connection) -> int | None:
    """Return the position up to which the receiver says that it has everything on its disk."""
    row = connection.execute(
        "SELECT restart_lsn::text FROM pg_replication_slots WHERE slot_name = %s", (SLOT,)
    ).fetchone()
    return lsn(row[0]) if row and row[0] else None


@_told
def written(connection: Connection) -> int:
    """Return the position up to which the cluster has written its log."""
    row = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
    assert row is not None
    return lsn(row[0])


@_told
def segment_bytes(connection: Connection) -> int:
    """Return how large the cluster's pieces of log are."""
    row = connection.execute(
        "SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'"
    ).fetchone()
    assert row is not None
    return int(row[0])


@_told
def identity(connection: Connection) -> str:
    """Return the cluster's system identifier: another cluster's log never fits."""
    row = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    assert row is not None
    return str(row[0])
