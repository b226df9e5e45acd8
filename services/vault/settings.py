"""What the vault's commands read from the environment."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from services.common.settings import DatabaseSettings, PeerSettings, ServiceSettings


class StoreSettings(DatabaseSettings):
    """Where the vault's two databases are. The key store belongs in a cluster of its own."""

    vault_keystore_url_file: Path


class KeyFileSettings(StoreSettings):
    """Where the root key and the wrapping key are kept."""

    #: `production` requires a confirmed recovery sheet and forbids the root key in the environment.
    environment: Literal["development", "production"] = "development"
    #: Accepts the risk of a root key in the environment; without it the provider `env` is refused.
    vault_unsafe_env_root: bool = False
    #: The id or alias of a key in KMS, its region, and the endpoint if it is not the region's own.
    vault_kms_key_id: str = ""
    vault_kms_region: str = ""
    vault_kms_endpoint: str = ""
    #: This installation's name in KMS' encryption context; the root key's file opens under this name only.
    vault_kms_installation: str = "smelt"
    # After the fields that its validator reads.
    vault_root_provider: Literal["file", "aws-kms", "env"] = "file"
    #: The file of the root key: with `aws-kms` its ciphertext, with `env` not read.
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

    #: Directory on the vault's own volume for the erasure ledger and the signed statements, which must
    #: outlive a restored database.
    vault_ledger_dir: Path
    #: How long after an erasure the wrapping key is replaced. Until then an older copy of the key store still
    #: opens what was erased; a smaller value rotates more often, 0 at once.
    vault_ratchet_seconds: Annotated[float, Field(ge=0, le=7 * 86_400)] = 3600.0
    #: Two or more directories, on different disks, for the key store's latest backup; none by default.
    vault_keystore_backup_dirs: Annotated[tuple[Path, ...], NoDecode] = ()
    #: The most time between two backups. Accounts created since the last backup are lost with the key store.
    vault_keystore_backup_seconds: Annotated[float, Field(ge=1)] = 3600.0
    #: How long changes of the key store are gathered before a backup is written. Too long, and more new
    #: accounts are lost with the key store; too short, and a busy hour writes it again and again.
    vault_keystore_backup_gather_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0
    #: Name of this replica's audit chain. A second replica with the same name waits for the first to end.
    vault_slot: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "0"
    #: How long an account's retired key is kept at least. It must be longer than the longest upload: a data
    #: key that is stored after the old key was destroyed never opens.
    vault_rotation_grace_seconds: Annotated[float, Field(ge=1)] = 3600
    #: A checkpoint of the audit log is signed after this number of records or seconds. Records after the last
    #: checkpoint can be cut off unnoticed; smaller values write more lines.
    audit_checkpoint_records: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    audit_checkpoint_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    #: How many new grants may come into use within a minute, and of how many accounts, over all replicas.
    #: Above that the vault refuses and alerts. Too small, and a busy hour delays jobs; too large, and a
    #: stolen processor takes more keys before it is noticed.
    release_brake_grants: Annotated[int, Field(ge=1)] = 3000
    release_brake_accounts: Annotated[int, Field(ge=1)] = 600
    #: How many of them may be of one account. Too small delays a person who starts many jobs at once; too
    #: large, and a few accounts use up what there is for all.
    release_brake_share: Annotated[int, Field(ge=1)] = 300
    #: host:port pairs of providers that may use plain http, an IP address or a bare name.
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
