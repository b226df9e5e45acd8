"""The settings of the embedded stack."""

import os
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from services.common.settings import Settings

HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:]+\]|[^\s:/]+):\d+")


#: Where root's stack is.
ROOT_STATE = Path("/var/lib/smelt")


def default_state_directory() -> Path:
    """The default state directory: in the project for a person, in /var/lib for root."""
    return ROOT_STATE if os.geteuid() == 0 else Path(".smelt")


class LauncherSettings(Settings):
    """The launcher's own settings; those of the services are passed on to them."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    state_dir: Path = Field(default_factory=default_state_directory)
    #: The only port that is not chosen automatically; with 0 it is too.
    gateway_port: int = Field(default=8443, ge=0, le=65535)
    workers: int = Field(default=2, ge=1, le=64)
    #: How many processes of each service to start.
    replicas: int = Field(default=1, ge=1, le=4)
    #: The provider for the operator's managed key, for people who have no key of their own.
    provider_base_url: str | None = None
    managed_api_key_file: Path | None = Field(default=None, validate_default=True)
    #: host:port of providers that may be called even though their address is private.
    private_providers: str = ""
    #: host:port of webhooks that may be called even though their address is private.
    private_webhooks: str = ""
    mail_dir: Path | None = None
    #: Whether the main cluster is backed up and its log archived; docs/backups.md.
    backups: bool = False
    #: The folder of a built web console; unset, the one that `make console` builds.
    console_dir: Path | None = None
    console: Literal["on", "off"] = "on"

    @field_validator("private_providers", "private_webhooks")
    @classmethod
    def _hosts_and_ports(cls, value: str) -> str:
        wrong = [entry for entry in _entries(value) if not HOST_AND_PORT.fullmatch(entry)]
        if wrong:
            raise ValueError(
                f"must be a comma-separated list of host:port; these are not: {', '.join(wrong)}"
            )
        return ",".join(_entries(value))

    @field_validator("managed_api_key_file")
    @classmethod
    def _together(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (value is None) != (info.data.get("provider_base_url") is None):
            raise ValueError("must be set together with SMELT_PROVIDER_BASE_URL: set both or neither")
        if value is not None and not os.access(value, os.R_OK):
            raise ValueError("must name a readable file")
        return value and value.resolve()


def _entries(value: str) -> list[str]:
    return [entry.strip() for entry in value.split(",") if entry.strip()]
