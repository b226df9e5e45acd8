"""Which bytes of a download a client asks for (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

from services.files.errors import RangeNotSatisfiable

_ONE = re.compile(r"bytes\s*=\s*(\d{0,19})-(\d{0,19})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes [start, stop) of a file of `size` bytes."""

    start: int
    stop: int
    size: int

    @property
    def length(self) -> int:
        return self.stop - self.start

    @property
    def is_whole(self) -> bool:
        return self.length == self.size


@dataclass(frozen=True, slots=True)
class Wanted:
    """The headers that ask for a part: `Range`, and `If-Range` with the ETag that the client already has."""

    range: str = ""
    if_range: str = ""

    def of(self, size: int, etag: str) -> Span | None:
        """Return the range to send; None for the whole file.

        The whole file is sent without a range, for several ranges, for a malformed one, and when `If-Range`
        names another file. Raises RangeNotSatisfiable for a range that begins after the end.
        """
        found = _ONE.fullmatch(self.range.strip())
        if found is None or (self.if_range and self.if_range.strip() != etag):
            return None
        first, last = found.groups()
        if not first and not last:
            return None
        if not first:
            start, stop = max(0, size - int(last)), size
        else:
            start = int(first)
            stop = min(size, int(last) + 1) if last else size
            if last and int(last) < start:
                return None
        if start >= size or start >= stop:
            raise RangeNotSatisfiable(size=str(size))
        return Span(start, stop, size)


#: Asks for the whole file.
ALL = Wanted()
