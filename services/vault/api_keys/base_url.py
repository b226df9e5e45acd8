"""Base URLs of OpenAI-compatible endpoints: which ones a key may be saved for, each in one spelling.

Only the syntax is checked here. The processor checks the address that a name resolves to when it connects.
"""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from services.common.errors import DomainError, Kind

DEFAULT = "https://api.openai.com/v1"
DEFAULT_HOST = "api.openai.com"
_LONGEST = 500
_PORTS = {"https": 443, "http": 80}
_VISIBLE = re.compile(r"[!-~]+\Z")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
# Unreserved characters of RFC 3986 and a few separators; no percent signs, whose meaning servers disagree on.
_PATH = re.compile(r"(/[A-Za-z0-9._~:@+=,-]+)*/?\Z")


class BaseUrlNotAllowed(DomainError):
    """The base URL cannot be a provider's endpoint."""

    reason = "BASE_URL_NOT_ALLOWED"
    kind = Kind.INVALID
    message = "The base URL is not allowed"

    def __init__(self, why: str) -> None:
        super().__init__(f"The base URL is not allowed: {why}", violations=[("base_url", why)])


def normalised(url: str, *, private: Collection[str] = ()) -> str:
    """Return the URL in its one spelling, the default if it is empty; raise BaseUrlNotAllowed.

    `private` lists the host:port pairs that may use plain http, an IP address or a bare name.
    """
    if not url:
        return DEFAULT
    if len(url) > _LONGEST or not _VISIBLE.match(url):
        raise BaseUrlNotAllowed(f"it must be at most {_LONGEST} visible ASCII characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BaseUrlNotAllowed("it is not a URL") from None
    if parts.scheme not in _PORTS:
        raise BaseUrlNotAllowed("it must start with https://")
    if "@" in parts.netloc or "\\" in url:
        raise BaseUrlNotAllowed("it must not contain user names or backslashes")
    if "?" in url or "#" in url:
        raise BaseUrlNotAllowed("it must not contain a query or a fragment")
    if not _PATH.match(parts.path) or {".", ".."} & set(parts.path.split("/")):
        raise BaseUrlNotAllowed("its path contains characters or dots that are not allowed")
    host = host.removesuffix(".")
    port = _PORTS[parts.scheme] if port is None else port
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if place not in {listed.lower() for listed in private}:
        _check_public(parts.scheme, host, port)
    authority = place.removesuffix(f":{_PORTS[parts.scheme]}")
    return f"{parts.scheme}://{authority}{parts.path.rstrip('/')}"


def host_of(url: str) -> str:
    """Return the host of a normalised URL."""
    return urlsplit(url).hostname or ""


def _check_public(scheme: str, host: str, port: int) -> None:
    if scheme != "https":
        raise BaseUrlNotAllowed("it must start with https://")
    if port == 0:
        raise BaseUrlNotAllowed("its port is not valid")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        raise BaseUrlNotAllowed("its host must be a name, not an address")
    labels = host.split(".")
    if len(labels) < 2 or len(host) > 253 or not all(map(_LABEL.match, labels)):
        raise BaseUrlNotAllowed("its host is not a full host name")
    # Resolvers read 127.1, 0x7f.1 and 2130706433 as addresses, so the last label must not start with a digit.
    if labels[-1][0].isdigit():
        raise BaseUrlNotAllowed("its host must be a name, not an address")
