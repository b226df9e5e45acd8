"""What the vault's commands read from the environment."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from services.common.settings import DatabaseSettings, PeerSettings, ServiceSettings


class StoreSettings(DatabaseSettings):
    """Where the vault's two databases are; the key store belongs in a cluster of its own."""

    vault_keystore_url_file: Path


class KeyFileSettings(StoreSettings):
    """Where the root key and the wrapping key are kept."""

    #: `production` asks for more care: see the operator's page.
    environment: Literal["development", "production"] = "development"
    #: Says that whoever set it knows why a root key does not belong in the environment.
    vault_unsafe_env_root: bool = False
    #: The name of a key or an alias in KMS, its region, and where KMS is if not where the region says.
    vault_kms_key_id: str = ""
    vault_kms_region: str = ""
    vault_kms_endpoint: str = ""
    #: This installation's name to KMS: the root key's ciphertext opens under no other.
    vault_kms_installation: str = "smelt"
    # After what it is judged by.
    vault_root_provider: Literal["file", "aws-kms", "env"] = "file"
    #: The root key; with `aws-kms` its ciphertext; with `env` nothing is read from there.
    vault_root_key_file: Path
    vault_wrapping_key_file: Path

    @field_validator("vault_root_provider")
    @classmethod
    def _careful(cls, value: str, info: ValidationInfo) -> str:
        if value == "env" and info.data.get("environment") == "production":
            raise ValueError("env is for demonstrations, not for production")
        if value == "env" and not info.data.get("vault_unsafe_env_root"):
            raise ValueError(
                "env shows the root key in /proc/PID/environ, in crash reports and to every child process; "
                "use file, or for a demonstration set SMELT_VAULT_UNSAFE_ENV_ROOT=1"
            )
        if value == "aws-kms" and not (
            info.data.get("vault_kms_key_id") and info.data.get("vault_kms_region")
        ):
            raise ValueError("aws-kms needs SMELT_VAULT_KMS_KEY_ID and SMELT_VAULT_KMS_REGION")
        return value


class VaultSettings(KeyFileSettings, ServiceSettings):
    """What the vault needs to serve."""

    #: Directory on the vault's own volume for what must outlive a restored database.
    vault_ledger_dir: Path
    #: How long after the first erasure since the last time the wrapping key moves on; 0 for at once.
    vault_ratchet_seconds: Annotated[float, Field(ge=0, le=7 * 86_400)] = 3600.0
    #: Two directories or more, on different disks, that hold the key store's latest backup; none by default.
    vault_keystore_backup_dirs: Annotated[tuple[Path, ...], NoDecode] = ()
    #: A backup is replaced at the latest so long after it was made.
    vault_keystore_backup_seconds: Annotated[float, Field(ge=1)] = 3600.0
    #: Name of this replica's audit chain; no two replicas at a time have the same.
    vault_slot: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "0"
    #: How long an account's retired key is kept for data keys that were made under it and not stored yet.
    vault_rotation_grace_seconds: Annotated[float, Field(ge=1)] = 3600
    #: A checkpoint of the audit is signed after so many records, or so many seconds after a record.
    audit_checkpoint_records: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    audit_checkpoint_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    #: New grants that may begin to be used within a minute, and distinct accounts among them, over all
    #: replicas; above it the vault refuses and alerts.
    release_brake_grants: Annotated[int, Field(ge=1)] = 3000
    release_brake_accounts: Annotated[int, Field(ge=1)] = 600
    #: host:port pairs of providers that may be plain http, an address or a bare name.
    private_providers: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("private_providers", "vault_keystore_backup_dirs", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("vault_keystore_backup_dirs")
    @classmethod
    def _apart(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        if value and len({place.resolve() for place in value}) < 2:
            raise ValueError("name at least two different directories, so that losing one loses nothing")
        return value


class OperatorSettings(PeerSettings):
    """What an operator's command needs to call the vault."""

    vault_address: str
