"""Which addresses calls may go to: public ones over https, and those that the operator listed."""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Protocol
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from services.common.errors import DomainError, Kind


class AddressNotAllowed(DomainError):
    reason = "BASE_URL_NOT_ALLOWED"
    kind = Kind.PRECONDITION
    message = "The provider's address must be public and use https"


class WebhookUrlNotAllowed(DomainError):
    reason = "WEBHOOK_URL_NOT_ALLOWED"
    kind = Kind.INVALID
    message = "A webhook's address must be public and use https"


_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotPublic(OSError):
    """A host name resolves to an address that is not public."""


class Resolver(Protocol):
    """Resolves host names to addresses."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]: ...

    async def close(self) -> None: ...


def is_public(address: str) -> bool:
    """Whether an address is public, even if it is embedded in an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


class Endpoints:
    """Checks URLs; `listed` are `host:port` pairs that the operator allows even if private or plain http."""

    def __init__(self, listed: Iterable[str]) -> None:
        self.listed = frozenset(entry.strip().lower() for entry in listed if entry.strip())
        self._checked: dict[str, str] = {}

    def completions_url(self, base_url: str) -> str:
        """Return the URL of an endpoint's chat completions; raise AddressNotAllowed."""
        url = self._checked.get(base_url)
        if url is None:
            self._check(base_url)
            if len(self._checked) > 1000:
                self._checked.clear()
            url = self._checked[base_url] = base_url.rstrip("/") + "/chat/completions"
        return url

    def check_webhook(self, url: str) -> None:
        """Raise WebhookUrlNotAllowed for a bad URL; the address of its host is checked when it is called."""
        printable = all(33 <= ord(letter) <= 126 for letter in url)
        if not printable or not self._may_go(url, query=True):
            raise WebhookUrlNotAllowed(violations=[("url", WebhookUrlNotAllowed.message)])

    def _check(self, base_url: str) -> None:
        if not self._may_go(base_url, query=False):
            raise AddressNotAllowed

    def _may_go(self, url: str, *, query: bool) -> bool:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError:
            return False
        if not host or parts.username is not None or parts.fragment or (parts.query and not query):
            return False
        if self.is_listed(host, port) and parts.scheme in _DEFAULT_PORTS:
            return True
        # A connector does not resolve literal addresses, so they are checked here.
        return parts.scheme == "https" and not (_is_literal(host) and not is_public(host))

    def is_listed(self, host: str, port: int) -> bool:
        """Whether the operator listed the host and port."""
        return f"{host.lower()}:{port}" in self.listed or f"[{host.lower()}]:{port}" in self.listed


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class CheckedResolver(AbstractResolver):
    """Gives the connector only addresses that it has checked, so it connects to exactly what was checked."""

    def __init__(self, inner: Resolver, endpoints: Endpoints) -> None:
        self._inner = inner
        self._endpoints = endpoints

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the host's addresses; raise OSError if any of them is not allowed."""
        found = await self._inner.resolve(host, port, family)
        if not self._endpoints.is_listed(host, port) and not all(is_public(each["host"]) for each in found):
            # A private address among public ones is the sign of DNS rebinding.
            raise NotPublic("the host has an address that is not public")
        return found

    async def close(self) -> None:
        await self._inner.close()
