"""Settings from the environment: prefix SMELT_, secrets only as paths of files that contain them."""

import sys
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of every process; variables of other processes are ignored."""

    model_config = SettingsConfigDict(env_prefix="SMELT_", extra="ignore", frozen=True)

    log_level: str = "info"


class PeerSettings(Settings):
    """What a process needs to call others: its certificate and the authority of theirs."""

    tls_cert_file: Path
    tls_key_file: Path
    tls_ca_file: Path


class DatabaseSettings(Settings):
    """Where a database is."""

    database_url_file: Path


class MigrationSettings(DatabaseSettings):
    """What a migration needs: the address for the role that owns the tables."""

    #: The role that serves, if it is another one: it is given rows to read and write, and no table to change.
    serving_role: str = Field(default="", pattern=r"^([a-z_][a-z0-9_]{0,62})?$")


class ServiceSettings(PeerSettings, DatabaseSettings):
    """What every service and worker needs."""

    #: host:port of the mTLS port; a worker has none.
    listen: str = ""
    #: host:port of the plaintext port for probes and metrics.
    health_listen: str
    #: How long calls in flight may take to finish after a stop signal. Too short, and uploads and downloads
    #: break off; too long, and an orchestrator kills the process before it has cleaned up.
    drain_seconds: float = 5.0
    #: How long a process that was told to stop goes on taking calls, and says meanwhile that it leaves. It
    #: must exceed twice the gateway's check of two seconds; 0 is for a process that has no second replica.
    lame_duck_seconds: float = Field(default=0.0, ge=0)
    #: How often the event loop is asked whether it is free. Delays shorter than this may pass unseen; asking
    #: more often costs processor time, a thousandth of a processor at twenty times a second.
    loop_watch_seconds: float = Field(default=0.05, ge=0.001, le=1)


S = TypeVar("S", bound=Settings)


def load(kind: type[S]) -> S:
    """Read the settings; if some are invalid, print each on a line and exit with 2."""
    try:
        return kind()
    except ValidationError as error:
        for mistake in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in mistake["loc"]).upper()
            print(f"SMELT_{name}: {mistake['msg']}", file=sys.stderr)
        raise SystemExit(2) from None


def read_secret(path: Path) -> str:
    """Return the text in a secret's file, without the line end; exit with 2 if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        print(f"{path}: {error.strerror}", file=sys.stderr)
        raise SystemExit(2) from None


def host_port(address: str) -> tuple[str, int]:
    """Split `host:port`; IPv6 hosts are in brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
