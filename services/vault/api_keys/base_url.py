"""Base URLs of OpenAI-compatible endpoints: which ones a key may be saved for, each in one spelling.

Only the syntax is checked here. The processor checks the address that a name resolves to when it connects.
"""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from services.common.called_urls import UrlRefused, base_url_of
from services.common.errors import DomainError, Kind
from services.common.key_kinds import KeyKind

DEFAULT = "https://api.openai.com/v1"
DEFAULT_HOST = "api.openai.com"
_LONGEST = 500
_AZURE_EXAMPLE = "https://NAME.openai.azure.com/openai/v1"
# Unreserved characters of RFC 3986 and a few separators; no percent signs, whose meaning servers disagree on.
_PATH = re.compile(r"(/[A-Za-z0-9._~:@+=,-]+)*/?\Z")


class BaseUrlNotAllowed(DomainError):
    """The base URL cannot be a provider's endpoint."""

    reason = "BASE_URL_NOT_ALLOWED"
    kind = Kind.INVALID
    message = "The base URL is not allowed"

    def __init__(self, why: str) -> None:
        super().__init__(f"The base URL is not allowed: {why}", violations=[("base_url", why)])


def normalised(url: str, kind: KeyKind = KeyKind.OPENAI, *, private: Collection[str] = ()) -> str:
    """Return the URL in its one spelling, the default if it is empty; raise BaseUrlNotAllowed.

    The address of a call, which portals and documentation show, stands for the base URL that it begins with.
    `private` lists the host:port pairs that may use plain http, an IP address or a bare name.
    """
    is_azure = kind is KeyKind.AZURE_OPENAI
    if not url and is_azure:
        raise BaseUrlNotAllowed(f"a key for Azure needs that of its resource, such as {_AZURE_EXAMPLE}")
    if not url:
        return DEFAULT
    if len(url) > _LONGEST:
        raise BaseUrlNotAllowed(f"it must have at most {_LONGEST} characters")
    try:
        called = base_url_of(url, kind, listed={each.lower() for each in private})
    except UrlRefused as refused:
        raise BaseUrlNotAllowed(str(refused)) from None
    if not _PATH.match(called.path) or {".", ".."} & set(called.path.split("/")):
        raise BaseUrlNotAllowed("its path contains characters or dots that are not allowed")
    path = called.path.rstrip("/").removesuffix("/chat/completions")
    if path.endswith("/v1/models"):
        path = path.removesuffix("/models")
    if is_azure and "/deployments/" in path and not called.query:
        raise BaseUrlNotAllowed("that of a deployment needs a version, such as ?api-version=2024-10-21")
    return f"{called.origin}{path}{'?' if called.query else ''}{called.query}"


def host_of(url: str) -> str:
    """Return the host of a normalised URL."""
    return urlsplit(url).hostname or ""
