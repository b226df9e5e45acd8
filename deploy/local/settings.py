"""What a person may set for the embedded stack; every mistake is reported at once."""

import os
import re
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:]+\]|[^\s:/]+):\d+")


class WrongSettings(Exception):
    """One line for each wrong setting."""


class LauncherSettings(BaseSettings):
    """The settings of the launcher, each an environment variable SMELT_NAME."""

    model_config = SettingsConfigDict(env_prefix="SMELT_", env_ignore_empty=True)

    state_dir: Path = Field(default_factory=lambda: default_state_directory())
    gateway_port: int = Field(default=8443, ge=0, le=65535, description="0 takes any free port")
    workers: int = Field(default=2, ge=1, le=64)
    provider_base_url: str | None = None
    managed_api_key_file: Path | None = None
    private_providers: str = ""
    mail_dir: Path | None = None

    @field_validator("private_providers")
    @classmethod
    def _hosts_with_ports(cls, value: str) -> str:
        wrong = [entry for entry in hosts(value) if not HOST_AND_PORT.fullmatch(entry)]
        if wrong:
            raise ValueError(f"must be a comma separated list of host:port; wrong: {', '.join(wrong)}")
        return value

    @field_validator("managed_api_key_file")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not os.access(value, os.R_OK):
            raise ValueError("must be a file that can be read")
        return value


def read_settings() -> LauncherSettings:
    """The settings out of the environment; raises `WrongSettings` with all mistakes."""
    try:
        return LauncherSettings()
    except ValidationError as error:
        lines = []
        for mistake in error.errors(include_url=False, include_input=False):
            name = "SMELT_" + "_".join(str(part) for part in mistake["loc"]).upper()
            lines.append(f"{name}: {mistake['msg']}")
        raise WrongSettings("\n".join(lines)) from None


def hosts(value: str) -> list[str]:
    """The entries of a comma separated list."""
    return [entry.strip() for entry in value.split(",") if entry.strip()]


def default_state_directory() -> Path:
    """Where an ordinary person keeps data beside the project, and where a machine keeps it for root."""
    return Path("/var/lib/smelt") if os.geteuid() == 0 else Path(".smelt")
