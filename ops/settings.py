"""What the commands of `smelt-ops` read from the environment."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from services.common.settings import Settings


class StoreSettings(Settings):
    """Where backups are kept: a directory, or a bucket of any S3; exactly one of the two."""

    backup_dir: Path | None = None
    backup_s3_endpoint: str = ""
    backup_s3_bucket: str = ""
    backup_s3_region: str = "us-east-1"
    backup_s3_access_key_file: Path | None = None
    backup_s3_secret_key_file: Path | None = None
    #: Any second of the last days, as many as this, can be restored. What rotates, discards or deletes
    #: waits at least as long.
    backup_window_days: Annotated[float, Field(gt=0, le=365)] = 7.0

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.backup_dir is None) == (not self.backup_s3_bucket):
            raise ValueError("set SMELT_BACKUP_DIR or SMELT_BACKUP_S3_BUCKET, and not both")
        if self.backup_s3_bucket and not (self.backup_s3_access_key_file and self.backup_s3_secret_key_file):
            raise ValueError(
                "a bucket needs SMELT_BACKUP_S3_ACCESS_KEY_FILE and SMELT_BACKUP_S3_SECRET_KEY_FILE"
            )
        return self

    @property
    def window(self) -> timedelta:
        return timedelta(days=self.backup_window_days)


class SealingSettings(StoreSettings):
    """What is needed to write into the archive: public keys only."""

    #: Public age keys, comma-separated, at least two: the identity for restores and drills, and the escrow.
    backup_recipients: Annotated[tuple[str, ...], NoDecode]

    @field_validator("backup_recipients", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("backup_recipients")
    @classmethod
    def _public_and_two(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not part.startswith("age1") for part in value):
            raise ValueError(
                "each must be a public key that begins with age1; a secret one has no place here"
            )
        if len(set(value)) < 2:
            raise ValueError("name at least two: the identity for restores, and the escrow on paper")
        return value


class CopySettings(SealingSettings):
    """What is needed to copy a file of the vault."""

    #: host:port for metrics, in the clear; none if empty.
    backup_listen: str = ""


class KeystoreSettings(CopySettings):
    """What `keystore` needs."""

    #: The vault's `keystore.backup`, in one of SMELT_VAULT_KEYSTORE_BACKUP_DIRS.
    backup_keystore_file: Path


class LedgerSettings(CopySettings):
    """What `ledger` needs."""

    #: `erasures.jsonl` in SMELT_VAULT_LEDGER_DIR.
    backup_ledger_file: Path


class OpeningSettings(StoreSettings):
    """What is needed to read the archive: a secret identity, of those who restore and drill alone."""

    backup_identity_file: Path
    #: The data directory of the main cluster; `restore` asks for it if it is not set.
    backup_target_dir: Path | None = None
    #: A superuser's address of the running main cluster, for `restore finish` alone.
    backup_admin_url_file: Path | None = None
    #: The directory of `postgres` and its tools; the wheel's, or the system's, if it is empty.
    pg_bin: str = ""


class ClusterSettings(SealingSettings):
    """What is needed to copy the running main cluster."""

    #: A role with REPLICATION, and a small database that belongs to it, for the heartbeat.
    backup_database_url_file: Path
    #: A directory of this program alone: log that is not in the archive yet, and what increments build on.
    backup_spool_dir: Path
    pg_bin: str = ""


class WalSettings(ClusterSettings):
    """What is needed to follow the log."""

    #: host:port for metrics and probes, in the clear; none if empty.
    backup_listen: str = ""
    #: How often the unfinished piece of the log is put into the archive: what a disaster costs at most.
    backup_ship_seconds: Annotated[float, Field(gt=0, le=60)] = 2.0
    #: How often a row is written whose time says how far a restore can go.
    backup_heartbeat_seconds: Annotated[float, Field(gt=0, le=60)] = 2.0
    #: With more log than this waiting, none is received until half has gone; the server keeps it meanwhile.
    backup_spool_bytes: Annotated[int, Field(ge=64 << 20)] = 8 << 30
    #: Whether this program also makes the backups that are due; where something else keeps a schedule, no.
    backup_scheduled: bool = False
    backup_full_hours: Annotated[float, Field(gt=0)] = 168.0
    backup_incremental_hours: Annotated[float, Field(gt=0)] = 6.0
