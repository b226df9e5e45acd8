"""The settings of the gateway."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import SettingsConfigDict

from gateway.installation import InstallationSettings
from services.common.settings import PeerSettings

# sun_path has 104 bytes on macOS (108 on Linux), one of which ends the name.
MAX_SOCKET_BYTES = 103
CONNECTIONS_PER_SECOND = 20
SERVICES = ("auth", "vault", "files", "processor")


def _address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (host and colon and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("must be host:port")
    return value


def _addresses(value: str) -> str:
    for each in value.split(","):
        _address(each)
    return value


def _readable(value: Path) -> Path:
    if not value.is_file():
        raise ValueError(f"there is no file {value}")
    # Not resolved: mounted secrets are symlinks that are swapped when a certificate is renewed.
    return value.absolute()


def _contact(value: str) -> str:
    if not value.startswith(("mailto:", "https://", "tel:")) or any(c.isspace() for c in value):
        raise ValueError("must be a mailto:, https: or tel: address (RFC 9116)")
    return value


def _policy(value: str) -> str:
    if value and (not value.startswith("https://") or any(c.isspace() for c in value)):
        raise ValueError("must be an https: address (RFC 9116)")
    return value


def _socket(value: Path) -> Path:
    if not value.is_absolute() or len(os.fsencode(value)) > MAX_SOCKET_BYTES:
        raise ValueError(f"must be an absolute path of at most {MAX_SOCKET_BYTES} bytes")
    return value


Contact = Annotated[str, AfterValidator(_contact)]
Policy = Annotated[str, AfterValidator(_policy)]
Address = Annotated[str, AfterValidator(_address)]
#: Of one replica, of a name behind which they all are, or of each, separated by commas.
Addresses = Annotated[str, AfterValidator(_addresses)]
Socket = Annotated[Path, AfterValidator(_socket)]
ReadableFile = Annotated[Path, AfterValidator(_readable)]


class GatewaySettings(InstallationSettings, PeerSettings):
    """The settings of the gateway, each an environment variable SMELT_NAME."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    gateway_listen: Address = "127.0.0.1:8443"
    gateway_cert_file: ReadableFile
    gateway_key_file: ReadableFile
    #: The Unix socket of Envoy's admin interface, which only its own user may open. Unset, there is none.
    gateway_admin_socket: Socket | None = None
    #: Where Prometheus reads Envoy's figures, in plain HTTP, at /metrics. They come from the admin socket.
    gateway_metrics_listen: Address | None = None
    tls_cert_file: ReadableFile
    tls_key_file: ReadableFile
    tls_ca_file: ReadableFile
    auth_address: Addresses
    vault_address: Addresses
    files_address: Addresses
    processor_address: Addresses
    #: The number of proxies in front of this one, each of which appends its caller's address to
    #: `x-forwarded-for`. With 0, the header is dropped and the connection's address counts.
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    #: Connections of all clients. Each takes about 50 kB and a file descriptor.
    gateway_max_connections: int = Field(default=10_000, ge=100)
    #: The heap at which Envoy accepts nothing more. From two fifths of it on, the requests that hold most
    #: memory are ended. Too small, and honest requests are; too large, and the system ends Envoy.
    gateway_max_heap_bytes: int = Field(default=1024**3, ge=128 * 1024**2)
    #: New connections from one client address (IPv6: /64) in a second, for each worker thread of Envoy; ten
    #: times as many may come at once. 0 means no bound. Unset, it is 20, or 0 behind a trusted proxy, whose
    #: address all connections have.
    gateway_connections_per_second: int | None = Field(default=None, ge=0)
    #: Requests from one client address (IPv6: /64) in a second that reach services. 0 means no bound. With
    #: more than auth can check, one sender of false tokens keeps it from everybody else.
    gateway_requests_per_second: int = Field(default=1000, ge=0)
    security_contact: Contact = "mailto:security@localhost"
    #: The page that says how reports are handled, such as the SECURITY.md that this installation publishes.
    security_policy: Policy = ""
    #: The folder of a built web console, which `render` copies. Unset, the edge serves the API alone.
    console_dir: Path | None = None
    #: `off` serves no console, even if there is a folder.
    console: Literal["on", "off"] = "on"

    @model_validator(mode="after")
    def _has_a_start_page(self) -> Self:
        if self.console_source and not (self.console_source / "index.html").is_file():
            raise ValueError(f"SMELT_CONSOLE_DIR: there is no built console in {self.console_source}")
        return self

    @property
    def console_source(self) -> Path | None:
        """The folder whose files are served; None without a console."""
        return self.console_dir if self.console == "on" else None

    @model_validator(mode="after")
    def _figures_come_from_the_socket(self) -> Self:
        if self.gateway_metrics_listen and not self.gateway_admin_socket:
            raise ValueError("SMELT_GATEWAY_METRICS_LISTEN: needs SMELT_GATEWAY_ADMIN_SOCKET")
        return self

    def peer(self, service: str) -> str:
        """The address or addresses of one of `SERVICES`."""
        address: str = getattr(self, f"{service}_address")
        return address

    def connections_per_second(self) -> int:
        """The bound on new connections from one address; 0 for none."""
        if self.gateway_connections_per_second is not None:
            return self.gateway_connections_per_second
        return 0 if self.trusted_proxies else CONNECTIONS_PER_SECOND
