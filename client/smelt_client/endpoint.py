"""The server's address, the token and the CA file, checked before any use."""

from __future__ import annotations

import ipaddress
import os
import platform
import ssl
from dataclasses import dataclass, field
from typing import Any

import httpx2

from .errors import BadSettings
from .version import VERSION

DEFAULT_URL = "https://localhost:8443"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and the token to use there. The repr leaves the token out."""

    url: str
    token: str = field(default="", repr=False)
    ca_file: str = ""

    def __post_init__(self) -> None:
        try:
            url = httpx2.URL(self.url)
        except httpx2.InvalidURL:
            raise BadSettings("the server's address is not a URL; use https://host:port") from None
        if url.scheme not in ("https", "http") or not url.host:
            raise BadSettings("the server's address must be of the form https://host:port")
        if url.userinfo:
            raise BadSettings("the server's address must not contain a username or password; use SMELT_TOKEN")
        if url.scheme == "http" and not is_loopback(url.host):
            raise BadSettings(
                "http is allowed only for loopback, because others could read the token in transit; use https"
            )
        # The HTTP library checks this too, but its error message would show the whole header.
        if any(not 33 <= ord(letter) <= 126 for letter in self.token):
            raise BadSettings("the token contains invalid characters; check that you copied it correctly")

    @classmethod
    def from_environment(cls, url: str | None, token: str | None, ca_file: str | None) -> Endpoint:
        """Take missing arguments from SMELT_URL, SMELT_TOKEN and SMELT_CA_FILE."""
        return cls(
            url=os.environ.get("SMELT_URL") or DEFAULT_URL if url is None else url,
            token=os.environ.get("SMELT_TOKEN", "") if token is None else token,
            ca_file=os.environ.get("SMELT_CA_FILE", "") if ca_file is None else ca_file,
        )

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        url = httpx2.URL(self.url)
        return url.netloc.decode("ascii")

    def options(self) -> dict[str, Any]:
        """Return the arguments for either HTTP client, which make it ignore the environment."""
        headers = {"accept": "application/json", "user-agent": user_agent()}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        return {
            "base_url": self.url,
            "headers": headers,
            "trust_env": False,
            "follow_redirects": False,
            "verify": self.trust() if self.ca_file else True,
        }

    def trust(self) -> ssl.SSLContext:
        """Return what decides which servers are trusted; raise BadSettings if the CA file cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except (OSError, ssl.SSLError):
            raise BadSettings(
                f"the CA file {self.ca_file} cannot be used; check that it exists and holds PEM certificates"
            ) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def user_agent() -> str:
    """Return how the SDK introduces itself: its version, and Python's."""
    return f"smelt-python/{VERSION} Python/{platform.python_version()}"


def is_loopback(host: str) -> bool:
    """Whether a host name can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
