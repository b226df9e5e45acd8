"""URLs that people give Smelt to call: which texts are taken, and in which spelling they are kept.

Only the text is judged here. The addresses that a name resolves to are judged whenever it is called.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.common.key_kinds import KeyKind

_PORTS = {"https": 443, "http": 80}
_VISIBLE = re.compile(r"[!-~]+\Z")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_LONGEST_HOST = 253
# Azure names versions by date, `2024-10-21` or `2025-04-01-preview`, or by a word such as `preview`.
_API_VERSION = re.compile(r"api-version=[A-Za-z0-9][A-Za-z0-9.-]{0,39}\Z")


class UrlRefused(ValueError):
    """The URL may not be called; the text says why, in words for the person who gave it."""


@dataclass(frozen=True, slots=True)
class CalledUrl:
    """A URL that may be called, in parts. Scheme and host are in lower case, and no dot ends the host."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def origin(self) -> str:
        """Scheme and host, and the port unless it is the scheme's own."""
        return f"{self.scheme}://{place_of(self.host, self.port).removesuffix(f':{_PORTS[self.scheme]}')}"

    def __str__(self) -> str:
        return f"{self.origin}{self.path}{'?' if self.query else ''}{self.query}"


def called_url(url: str, *, listed: Collection[str] = ()) -> CalledUrl:
    """Return a URL's parts; raise UrlRefused unless it names a public host by its full name, over https.

    `listed` are `host:port` pairs in lower case that may also use plain http, an IP address or a bare name.
    """
    if not _VISIBLE.match(url):
        raise UrlRefused("it must have visible ASCII characters only")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UrlRefused("it is not a URL") from None
    if parts.scheme not in _PORTS:
        raise UrlRefused("it must start with https://")
    # Programs disagree on which host such URLs mean.
    if "@" in parts.netloc or "\\" in url:
        raise UrlRefused("it must not contain user names or backslashes")
    if ("[" in parts.netloc) != (":" in host):
        raise UrlRefused("its host is not a full host name")
    if "#" in url:
        raise UrlRefused("it must not contain a fragment")
    host, port = host.removesuffix("."), _PORTS[parts.scheme] if port is None else port
    if place_of(host, port) not in listed:
        _check_public(parts.scheme, host, port)
    return CalledUrl(parts.scheme, host, port, parts.path, parts.query)


def base_url_of(url: str, kind: KeyKind, *, listed: Collection[str] = ()) -> CalledUrl:
    """Return the parts of a provider's base URL; raise UrlRefused like `called_url`, and for a query.

    The one query that is taken is `api-version` of a key for Azure OpenAI.
    """
    called = called_url(url, listed=listed)
    if "?" in url and kind is not KeyKind.AZURE_OPENAI:
        raise UrlRefused("it must not contain a query; only that of an AZURE_OPENAI key may name api-version")
    if "?" in url and not _API_VERSION.match(called.query):
        raise UrlRefused("its query must be api-version alone, such as ?api-version=2024-10-21")
    return called


def place_of(host: str, port: int) -> str:
    """Return `host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _check_public(scheme: str, host: str, port: int) -> None:
    if scheme != "https":
        raise UrlRefused("it must start with https://")
    if port == 0:
        raise UrlRefused("its port is not valid")
    if _is_address(host):
        raise UrlRefused("its host must be a name, not an address")
    labels = host.split(".")
    if len(labels) < 2 or len(host) > _LONGEST_HOST or not all(map(_LABEL.match, labels)):
        raise UrlRefused("its host is not a full host name")
    # Resolvers read 127.1, 0x7f.1 and 2130706433 as addresses, so the last label must not start with a digit.
    if labels[-1][0].isdigit():
        raise UrlRefused("its host must be a name, not an address")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
