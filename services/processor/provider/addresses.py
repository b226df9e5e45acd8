"""Which addresses calls may go to: public ones over https, and those that the operator listed."""

import socket
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from aiohttp.abc import AbstractResolver, ResolveResult

from services.common.called_urls import CalledUrl, UrlRefused, base_url_of, called_url, place_of
from services.common.errors import DomainError, Kind
from services.common.key_kinds import KeyKind
from services.processor.provider.public_addresses import is_public


class AddressNotAllowed(DomainError):
    reason = "BASE_URL_NOT_ALLOWED"
    kind = Kind.PRECONDITION
    message = "The provider's address must be public and use https"


class WebhookUrlNotAllowed(DomainError):
    """A webhook's address must be public and use https."""

    reason = "WEBHOOK_URL_NOT_ALLOWED"
    kind = Kind.INVALID

    def __init__(self, why: str) -> None:
        super().__init__(f"The webhook's URL is not allowed: {why}", violations=[("url", why)])


class NotPublic(OSError):
    """A host name resolves to an address that is not public, or to none."""


class Resolver(Protocol):
    """Resolves host names to addresses."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]: ...

    async def close(self) -> None: ...


class Endpoints:
    """Checks URLs; `listed` are `host:port` pairs that the operator allows even if private or plain http.

    A URL is judged by the same rules when it is saved and whenever it is called. They admit names alone, so
    what is called passes the resolver, which judges addresses: a connector takes texts such as 127.1 for
    addresses, and asks no resolver about those.
    """

    def __init__(self, listed: Iterable[str]) -> None:
        self.listed = frozenset(entry.strip().lower() for entry in listed if entry.strip())
        self._checked: dict[tuple[str, KeyKind], CalledUrl] = {}

    def completions_url(self, base_url: str, kind: KeyKind = KeyKind.OPENAI) -> str:
        """Return the URL of an endpoint's chat completions; raise AddressNotAllowed."""
        return self.url(base_url, kind, "/chat/completions")

    def url(self, base_url: str, kind: KeyKind, path: str) -> str:
        """Return the URL of one of an endpoint's paths; raise AddressNotAllowed.

        The query of a base URL, which Azure alone has, goes behind the path, and behind the path's own query.
        """
        called = self._checked.get((base_url, kind))
        if called is None:
            try:
                called = base_url_of(base_url, kind, listed=self.listed)
            except UrlRefused:
                raise AddressNotAllowed from None
            if len(self._checked) > 1000:
                self._checked.clear()
            self._checked[base_url, kind] = called
        path, _, query = path.partition("?")
        queries = "&".join(filter(None, (query, called.query)))
        return str(replace(called, path=called.path.rstrip("/") + path, query=queries))

    def probe_url(self, base_url: str) -> str:
        """Return the URL of an endpoint's list of models; raise AddressNotAllowed."""
        # No key is sent there, so its kind matters only for the query, which Azure alone has.
        kind = KeyKind.AZURE_OPENAI if "?" in base_url else KeyKind.OPENAI
        return self.url(base_url, kind, "/models")

    def webhook_url(self, url: str) -> str:
        """Return a webhook's URL in its one spelling; raise WebhookUrlNotAllowed."""
        try:
            return str(called_url(url, listed=self.listed))
        except UrlRefused as refused:
            raise WebhookUrlNotAllowed(str(refused)) from None

    def is_listed(self, host: str, port: int) -> bool:
        """Whether the operator listed the host and port."""
        return place_of(host.lower(), port) in self.listed


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
        if not found:
            # The connector expects one address at least.
            raise NotPublic("the host has no address")
        if not self._endpoints.is_listed(host, port) and not all(is_public(each["host"]) for each in found):
            # A private address among public ones is the sign of DNS rebinding.
            raise NotPublic("the host has an address that is not public")
        return found

    async def close(self) -> None:
        await self._inner.close()
