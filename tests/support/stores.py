"""Real stores for tests: one server of each kind per run, and a fresh database for each test."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import psycopg
from psycopg import sql

from deploy.local import accounts
from deploy.local.certificates import SERVICES, Certificates
from deploy.local.ports import PortBlock
from deploy.local.postgres import Cluster, close_to_others, create_database, reachable_binaries
from deploy.local.processes import Child, Command, run_once
from deploy.local.s3 import BUCKET, REGION, ObjectStore
from deploy.local.secret_files import private_directory, write_secret
from deploy.local.services import Addresses, Services
from deploy.local.signals import Flag
from deploy.local.valkey import Valkey
from tests.support.patience import PATIENCE_SECONDS
from tests.support.session import Room, Session

ROLES = (*SERVICES, "keystore")
# Tests discard their data, so they need not wait for the disk.
CARELESS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

Store = TypeVar("Store", Valkey, ObjectStore)

# Kept so that the garbage collector does not warn about servers that outlive this process: the run ends them.
_children: list[Child] = []


@dataclass(frozen=True, slots=True)
class Database:
    """One database: its address for SQLAlchemy, for libpq, and in a file, as the settings require."""

    name: str
    url: str
    url_file: Path

    @property
    def conninfo(self) -> str:
        return self.url.replace("postgresql+psycopg://", "postgresql://", 1)


class Databases:
    """The run's Postgres server. Databases are copied from a template that is migrated once."""

    def __init__(self, session: Session, cluster: Cluster) -> None:
        self._session = session
        self.cluster = cluster
        self._unused: SimpleQueue[str] = SimpleQueue()
        threading.Thread(target=self._drop_unused, name="drops databases", daemon=True).start()

    def _drop_unused(self) -> None:
        """Drop databases beside the tests.

        The server waits until each of its other connections is made. A service in this process may be making
        one, which it cannot go on with while its loop waits for the server.
        """
        while True:
            name = self._unused.get()
            # The run may have ended the server by now.
            with suppress(psycopg.OperationalError), self.cluster.connect() as connection:
                drop_database(connection, name)

    @contextmanager
    def fresh(self, service: str, *, migrated: bool = True) -> Iterator[Database]:
        """A database of `service` (or `keystore`), with its tables but no rows; dropped some time later."""
        template = self._template(service) if migrated else "template1"
        name = f"{service}_{secrets.token_hex(6)}"
        with self.cluster.connect() as connection:
            create_database(connection, name, owner=service, template=template)
            close_to_others(connection, name)
        database = self._database(name, service)
        try:
            yield database
        finally:
            database.url_file.unlink(missing_ok=True)
            self._unused.put(name)

    def _database(self, name: str, role: str) -> Database:
        url = self.cluster.url(name, role=role)
        url_file = private_directory(self.cluster.home / "urls") / f"{name}.url"
        write_secret(url_file, url)
        return Database(name, url, url_file)

    def _template(self, service: str) -> str:
        # The vault's migrations cover both its databases, so migrating one makes the other's template.
        service, wanted = ("vault" if service == "keystore" else service), service
        self._session.shared(f"template-{service}", lambda room: self._migrate(service, room))
        return f"template_{wanted}"

    def _migrate(self, service: str, room: Room) -> dict[str, Any]:
        names = (service, "keystore") if service == "vault" else (service,)
        files = {}
        with self.cluster.connect() as connection:
            for name in names:
                # It exists already if an earlier test's migration failed.
                drop_database(connection, f"template_{name}")
                create_database(connection, f"template_{name}", owner=name)
                close_to_others(connection, f"template_{name}")
                files[name] = str(self._database(f"template_{name}", name).url_file)
        run_once(
            migration(service, files, certificates(self._session), room.directory),
            logs=room.directory,
            register=room.register,
            stopping=Flag(),
        )
        return {"databases": list(names)}


def drop_database(connection: psycopg.Connection, name: str) -> None:
    """Drop the database if it exists, even if there are connections to it."""
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def migration(service: str, url_files: dict[str, str], made: Certificates, room: Path) -> Command:
    """The service's own command that migrates its databases; it calls no other service."""
    own = {"SMELT_DATABASE_URL_FILE": url_files[service]}
    nothing = room / "nothing"
    write_secret(nothing, "nothing")
    if service == "vault":
        own |= {
            "SMELT_VAULT_KEYSTORE_URL_FILE": url_files["keystore"],
            "SMELT_VAULT_ROOT_KEY_FILE": str(room / "root.key"),
            "SMELT_VAULT_WRAPPING_KEY_FILE": str(room / "wrapping.key"),
            "SMELT_VAULT_LEDGER_DIR": str(private_directory(room / "ledger")),
        }
    if service == "files":
        own |= {
            "SMELT_S3_ENDPOINT": "http://127.0.0.1:1",
            "SMELT_S3_BUCKET": BUCKET,
            "SMELT_S3_REGION": REGION,
            "SMELT_S3_ACCESS_KEY_FILE": str(nothing),
            "SMELT_S3_SECRET_KEY_FILE": str(nothing),
        }
    if service == "processor":
        own["SMELT_REDIS_URL_FILE"] = str(nothing)
    own |= {"SMELT_LISTEN": "127.0.0.1:1", "SMELT_HEALTH_LISTEN": "127.0.0.1:1"}
    nowhere = Addresses(services=dict.fromkeys(SERVICES, 1), health={})
    return Services(made, nowhere, {service: own}).once(service, "migrate")


def databases(session: Session) -> Databases:
    """The run's Postgres server, with a role for each service and one for the key store."""

    def start(room: Room) -> dict[str, Any]:
        logs = private_directory(room.directory / "logs")
        with PortBlock.reserve() as ports:
            cluster = _cluster(room.directory, ports.take())
            cluster.initialise(logs=logs, register=room.register, stopping=Flag())
            _serve(cluster.command(), room)
            cluster.prepare()
            return {"port": cluster.port}

    port = session.shared("postgres", start)["port"]
    return Databases(session, _cluster(session.directory / "postgres", port))


def valkey(session: Session) -> Valkey:
    """The run's Valkey server. Tests share it, so each must use its own keys."""
    home = session.directory / "valkey"
    return _store(session, "valkey", lambda port: Valkey(port, home / "data", _secrets(home)))


def object_store(session: Session) -> ObjectStore:
    """The run's S3 server with an empty bucket. Tests share it, so each must use its own keys."""
    home = session.directory / "s3"
    return _store(session, "s3", lambda port: ObjectStore(port, home / "data", _secrets(home)))


def certificates(session: Session) -> Certificates:
    """The run's certificates, as the embedded stack makes them."""
    made = Certificates(session.directory / "certificates")

    def start(room: Room) -> dict[str, Any]:
        made.ensure()
        return {}

    session.shared("certificates", start)
    return made


def _store(session: Session, name: str, at: Callable[[int], Store]) -> Store:
    def start(room: Room) -> dict[str, Any]:
        with PortBlock.reserve() as ports:
            store = at(ports.take())
            _serve(store.command(), room)
            return {"port": store.port}

    return at(session.shared(name, start)["port"])


def _serve(command: Command, room: Room) -> None:
    child = Child(command, logs=private_directory(room.directory / "logs"), register=room.register)
    _children.append(child)
    child.start()
    child.wait_ready(PATIENCE_SECONDS, Flag())


def _secrets(home: Path) -> Path:
    return private_directory(home / "secrets")


def _cluster(home: Path, port: int) -> Cluster:
    user = accounts.Identities.ensure(home / "identities.json").of("postgres")
    return Cluster(
        "cluster",
        port,
        ROLES,
        home,
        _secrets(home),
        binaries=reachable_binaries(user, home),
        user=user,
        extra_settings=CARELESS,
    )
