"""What the vault's commands read from the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from services.common.settings import DatabaseSettings, PeerSettings, ServiceSettings


class StoreSettings(DatabaseSettings):
    """Where the vault's two databases are; the key store belongs in a cluster of its own."""

    vault_keystore_url_file: Path


class KeyFileSettings(StoreSettings):
    """Where the root key and the wrapping key are kept."""

    vault_root_key_file: Path
    vault_wrapping_key_file: Path


class VaultSettings(KeyFileSettings, ServiceSettings):
    """What the vault needs to serve."""

    #: Directory on the vault's own volume for what must outlive a restored database.
    vault_ledger_dir: Path
    #: Name of this replica's audit chain; no two replicas at a time have the same.
    vault_slot: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "0"
    #: host:port pairs of providers that may be plain http, an address or a bare name.
    private_providers: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("private_providers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value


class OperatorSettings(PeerSettings):
    """What an operator's command needs to call the vault."""

    vault_address: str
