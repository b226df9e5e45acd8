"""Base URLs of OpenAI-compatible endpoints: which ones a key may be saved for, each in one spelling.

Only the syntax is checked here. The processor checks the address that a name resolves to when it connects.
"""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from services.common.called_urls import UrlRefused, called_url
from services.common.errors import DomainError, Kind

DEFAULT = "https://api.openai.com/v1"
DEFAULT_HOST = "api.openai.com"
_LONGEST = 500
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
    if len(url) > _LONGEST:
        raise BaseUrlNotAllowed(f"it must have at most {_LONGEST} characters")
    try:
        called = called_url(url, listed={each.lower() for each in private})
    except UrlRefused as refused:
        raise BaseUrlNotAllowed(str(refused)) from None
    if "?" in url:
        raise BaseUrlNotAllowed("it must not contain a query")
    if not _PATH.match(called.path) or {".", ".."} & set(called.path.split("/")):
        raise BaseUrlNotAllowed("its path contains characters or dots that are not allowed")
    return f"{called.origin}{called.path.rstrip('/')}"


def host_of(url: str) -> str:
    """Return the host of a normalised URL."""
    return urlsplit(url).hostname or ""
