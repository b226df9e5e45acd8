"""Pages: opaque tokens that continue a list ordered by creation time and id, newest first (AIP-158)."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from services.common.errors import DomainError, Kind

DEFAULT_SIZE = 50
LARGEST_SIZE = 1000
T = TypeVar("T")


class PageTokenInvalid(DomainError):
    """The token was not made by this list."""

    reason = "PAGE_TOKEN_INVALID"
    kind = Kind.INVALID
    message = "The page token is not valid"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the last item's creation time and id."""

    create_time: datetime
    id: str

    def token(self) -> str:
        """Return the opaque form."""
        text = f"{self.create_time.isoformat()}|{self.id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position(token: str) -> Position | None:
    """Return where the page before ended; None for the first page; raise PageTokenInvalid."""
    if not token:
        return None
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
        time, _, id_ = text.partition("|")
        moment = datetime.fromisoformat(time)
    except (ValueError, binascii.Error):
        raise PageTokenInvalid from None
    if moment.tzinfo is None or not id_.isalnum() or len(id_) > 64:
        raise PageTokenInvalid
    return Position(create_time=moment, id=id_)


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
    """Return the page size to use: 50 when none is asked for, never above 1000."""
    return min(wanted, LARGEST_SIZE) if wanted > 0 else DEFAULT_SIZE
