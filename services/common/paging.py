"""Pages: tokens that continue a list ordered by creation time and id, newest first (AIP-158).

These tokens are in the clear. What people get and send carries a code as well, which `rpc/pages.py` adds and
checks, so that a token that arrives here is one that left here.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from services.common.errors import DomainError, Kind

DEFAULT_SIZE = 50
LARGEST_SIZE = 1000
#: A page ends by its bytes too. Messages between services may have 4 MiB, and the gateway passes 8 MiB of
#: JSON, which writes some characters with six bytes.
PAGE_BYTES = 1024 * 1024
# Items that are read at once: few while their size is not known, and never enough for turning them into
# messages to hold up the event loop.
_FIRST_READ = DEFAULT_SIZE
_LARGEST_READ = 250


class Message(Protocol):
    """What an answer holds of an item."""

    def ByteSize(self) -> int: ...


T = TypeVar("T")
M = TypeVar("M", bound=Message)


class PageTokenInvalid(DomainError):
    """This list did not make the page token."""

    reason = "PAGE_TOKEN_INVALID"
    kind = Kind.INVALID
    message = "The page token is not valid; start again from the first page"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the last item's creation time and id."""

    create_time: datetime
    id: str

    def token(self) -> str:
        """Return the opaque form."""
        text = f"{self.create_time.isoformat()}|{self.id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


class ListRequest(Protocol):
    """The fields that every list request has."""

    @property
    def page_size(self) -> int: ...
    @property
    def page_token(self) -> str: ...


def _position_of(item: Any) -> Position:
    return Position(item.create_time, item.id)


async def page(
    request: ListRequest,
    read: Callable[[Position | None, int], Awaitable[Sequence[T]]],
    *,
    show: Callable[[T], M],
    place: Callable[[T], Position] = _position_of,
    at_once: int = _LARGEST_READ,
) -> tuple[list[M], str]:
    """Return the page that a request asks for, as messages, and the token of the next page, empty at the end.

    `read` receives the position of the previous page's last item and the most items to return, which is one
    more than the page takes. `place` returns an item's position, by default its `create_time` and `id`. Of
    items that may be large, few are read `at_once`. A page ends before the item that would take it over
    PAGE_BYTES, but has at least one. Raises PageTokenInvalid.
    """
    wanted = size(request.page_size)
    after = position(request.page_token)
    shown: list[M] = []
    used = 0
    while True:
        count = min(wanted - len(shown), _readable(len(shown), used), at_once)
        found = await read(after, count + 1)
        for item in found[:count]:
            message = show(item)
            used += message.ByteSize()
            if shown and after is not None and used > PAGE_BYTES:
                return shown, after.token()
            shown.append(message)
            after = place(item)
        if len(found) <= count:
            return shown, ""
        if len(shown) == wanted and after is not None:
            return shown, after.token()


def _readable(count: int, used: int) -> int:
    """Return how many more items to read, given how many were read and their bytes."""
    if not count:
        return _FIRST_READ
    average = max(1, used // count)
    return min(_LARGEST_READ, max(1, (PAGE_BYTES - used) // average))


def position(token: str) -> Position | None:
    """Return where the previous page ended; None for the first page; raise PageTokenInvalid."""
    if not token:
        return None
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise PageTokenInvalid from None
    time, _, id_ = text.partition("|")
    if not id_.isalnum() or len(id_) > 64:
        raise PageTokenInvalid
    return Position(create_time=moment(time), id=id_)


def moment(text: str) -> datetime:
    """Return a time, in UTC; raise PageTokenInvalid for a text that is no time with a zone."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise PageTokenInvalid
        # The first and the last hours of the calendar exist in some zones only.
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PageTokenInvalid from None


def sliced(items: Sequence[T], token: str, wanted: int) -> tuple[Sequence[T], str]:
    """Return a page of a fixed list, and the token of the next; raise PageTokenInvalid."""
    try:
        first = int(base64.b64decode(token, altchars=b"-_", validate=True)) if token else 0
    except (ValueError, binascii.Error):
        raise PageTokenInvalid from None
    if not 0 <= first <= len(items):
        raise PageTokenInvalid
    after = first + size(wanted)
    following = base64.urlsafe_b64encode(str(after).encode()).decode() if after < len(items) else ""
    return items[first:after], following


def size(wanted: int) -> int:
    """Return the page size to use: 50 when none is requested, and at most 1000."""
    return min(wanted, LARGEST_SIZE) if wanted > 0 else DEFAULT_SIZE
