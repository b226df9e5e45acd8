"""Backups of the embedded stack, when they are asked for: where they go, and the programs that make them."""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

from deploy.local import accounts
from deploy.local.accounts import Identities
from deploy.local.errors import CannotStart
from deploy.local.layout import Layout
from deploy.local.postgres import Cluster
from deploy.local.probes import answers_200
from deploy.local.processes import Command
from deploy.local.runtime import Runtime
from deploy.local.secret_files import private_directory, write_secret
from ops.sealing import new_identity
from ops.settings import StoreSettings
from services.common.settings import read_secret

#: The role and database of the heartbeat, and the user that the log's follower runs as.
PART = "backups"
#: What the server must be told: to remember which pages changed, and not to fill its disk for a lost archive.
SERVER = {"summarize_wal": "on", "max_slot_wal_keep_size": "8GB"}
WINDOW_DAYS: float = StoreSettings.model_fields["backup_window_days"].default
#: A person's settings that the programs see.
PASSED_ON = (
    "SMELT_BACKUP_DIR",
    "SMELT_BACKUP_S3_ENDPOINT",
    "SMELT_BACKUP_S3_BUCKET",
    "SMELT_BACKUP_S3_REGION",
    "SMELT_BACKUP_S3_ACCESS_KEY_FILE",
    "SMELT_BACKUP_S3_SECRET_KEY_FILE",
    "SMELT_BACKUP_RECIPIENTS",
    "SMELT_BACKUP_WINDOW_DAYS",
    "SMELT_BACKUP_SHIP_SECONDS",
    "SMELT_BACKUP_HEARTBEAT_SECONDS",
    "SMELT_BACKUP_SPOOL_BYTES",
    "SMELT_BACKUP_FULL_HOURS",
    "SMELT_BACKUP_INCREMENTAL_HOURS",
)
#: The vault's own backups of its key store, which are copied from the first; it wants two places.
COPIES = ("1", "2")


@dataclass(frozen=True, slots=True)
class LocalBackups:
    """The settings and commands of the backups of one state directory."""

    layout: Layout
    postgres: Cluster
    identities: Identities
    runtime: Runtime
    code: Path
    port: int

    @property
    def keystore_copies(self) -> tuple[Path, ...]:
        """Where the vault writes the key store's backups, if nobody named other places."""
        return tuple(self.layout.vault / "keystore-backups" / name for name in COPIES)

    def tied(self) -> dict[str, dict[str, str]]:
        """What services are told so that nothing a restore needs goes before the window has passed."""
        window = float(os.environ.get("SMELT_BACKUP_WINDOW_DAYS") or WINDOW_DAYS)
        return {
            service: {name: value for name, value in told.items() if not os.environ.get(name)}
            for service, told in tied_to(window).items()
        }

    def told_vault(self) -> dict[str, str]:
        """What the vault is told on top."""
        name = "SMELT_VAULT_KEYSTORE_BACKUP_DIRS"
        if os.environ.get(name):
            return {}
        for place in self.keystore_copies:
            accounts.private_room(place.parent, self.identities.of("vault"))
            accounts.private_room(place, self.identities.of("vault"))
        return {name: ",".join(map(str, self.keystore_copies))}

    def commands(self) -> list[Command]:
        """The programs: one follows the main cluster's log, two copy files of the vault."""
        told = self._told()
        store = {name: value for name, value in told.items() if name != "SMELT_BACKUP_DATABASE_URL_FILE"}
        keystore = os.environ.get("SMELT_VAULT_KEYSTORE_BACKUP_DIRS") or str(self.keystore_copies[0])
        first = keystore.split(",")[0].strip()
        return [
            self._command("wal", told, part=PART),
            self._command(
                "keystore", {**store, "SMELT_BACKUP_KEYSTORE_FILE": f"{first}/keystore.backup"}, part="vault"
            ),
            self._command(
                "ledger",
                {**store, "SMELT_BACKUP_LEDGER_FILE": f"{self.layout.vault}/ledger/erasures.jsonl"},
                part="vault",
            ),
        ]

    def furnish(self) -> None:
        """Make directories and identities, and leave a file that says how commands find all of it."""
        user = self.identities.of(PART)
        accounts.private_room(self._spool, user)
        archive = self._archive()
        if archive is not None:
            # Each program enters its own part of it.
            archive.mkdir(mode=0o711, parents=True, exist_ok=True)
            for part in (PART, "vault"):
                if not accounts.may_enter(self.identities.of(part), archive):
                    raise CannotStart(
                        f"SMELT_BACKUP_DIR names {archive}, which the stack's own users cannot reach: "
                        "name a directory outside any home directory"
                    )
            accounts.private_room(archive / "main", user)
            for name in ("keystore", "ledger"):
                accounts.private_room(archive / name, self.identities.of("vault"))
        told = {
            **self._told(),
            "SMELT_BACKUP_IDENTITY_FILE": os.environ.get("SMELT_BACKUP_IDENTITY_FILE")
            or str(self._identity("restore")),
            "SMELT_BACKUP_TARGET_DIR": str(self.postgres.data),
            "SMELT_BACKUP_ADMIN_URL_FILE": str(self.postgres.url_file("postgres")),
        }
        write_secret(environment_file(self.layout), json.dumps(told, indent=1))

    @property
    def _spool(self) -> Path:
        return self.layout.state / "backup-spool"

    def _archive(self) -> Path | None:
        if os.environ.get("SMELT_BACKUP_S3_BUCKET"):
            return None
        return Path(os.environ.get("SMELT_BACKUP_DIR") or self.layout.state / "backups").resolve()

    def _told(self) -> dict[str, str]:
        told = {name: os.environ[name] for name in PASSED_ON if os.environ.get(name)}
        archive = self._archive()
        if archive is not None:
            told["SMELT_BACKUP_DIR"] = str(archive)
        told.setdefault("SMELT_BACKUP_RECIPIENTS", ",".join(map(self._public, ("restore", "escrow"))))
        return told | {
            "SMELT_BACKUP_DATABASE_URL_FILE": str(
                self.postgres.url_file(PART, reader=self.identities.of(PART))
            ),
            "SMELT_BACKUP_SPOOL_DIR": str(self._spool),
            "SMELT_PG_BIN": str(self.postgres.binaries),
        }

    def _identity(self, name: str) -> Path:
        """An identity of this machine, for people who try things out and named no public keys."""
        path = private_directory(self.layout.secrets.parent / "backup-identities") / f"{name}.key"
        if not path.exists():
            secret, public = new_identity()
            write_secret(path, f"# public key: {public}\n{secret}\n")
        return path

    def _public(self, name: str) -> str:
        first, _, _ = read_secret(self._identity(name)).partition("\n")
        return first.rpartition(" ")[2]

    def _command(self, name: str, told: dict[str, str], *, part: str) -> Command:
        environment = {**told, **self.runtime.environment()}
        ready = None
        if name == "wal":
            environment |= {
                "SMELT_BACKUP_LISTEN": f"127.0.0.1:{self.port}",
                "SMELT_BACKUP_SCHEDULED": "1",
            }
            ready = answers_200(self.port, "/metrics")
        return Command(
            f"backup-{name}",
            (str(self.runtime.python), "-m", "ops", name),
            self.code,
            environment,
            ready=ready or (lambda: True),
            user=self.identities.of(part),
        )


def tied_to(window_days: float) -> dict[str, dict[str, str]]:
    """Return how long services keep what a restored row needs: keys a day longer than the window, and objects
    at least as long."""
    return {
        "vault": {"SMELT_VAULT_ROTATION_GRACE_SECONDS": str(math.ceil((window_days + 1) * 86_400))},
        "files": {"SMELT_DISCARD_DELAY_DAYS": str(math.ceil(window_days))},
    }


def environment_file(layout: Layout) -> Path:
    """The file that says how `smelt-ops` finds this stack's backups; paths and public keys only."""
    return layout.state / "backups.json"
