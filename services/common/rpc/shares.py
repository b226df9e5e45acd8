"""What one account may have under way at a replica, so that others find it free however much one asks for.

Short calls take turns: an account has a few of them in work, some more wait, and the rest are refused. Calls
that last (streams, and those that wait for somebody else's server) would keep their place for long, so they
are only counted. All of this is of one replica and one caller: what a person's calls at one service ask of
another is bounded there by itself.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from services.common.errors import DomainError, Kind
from services.common.identity import Call
from services.common.turns import Turns

#: Short calls of an account in work at once. With fewer, a person's own parallel requests are slow; with
#: more, somebody else's request waits behind them for the processor.
IN_WORK = 8
#: Short calls of an account in work and waiting. Fewer refuse honest bursts; more only wait longer.
MOST_CALLS = 100
#: Lasting calls of an account: more than a person's browsers and scripts need, and a tenth of what the
#: gateway's connection to a service carries.
MOST_STREAMS = 100
#: Lasting calls of everybody: four fifths of the 1,000 requests that the gateway has open to a service, so
#: that short ones always find room.
ALL_STREAMS = 800
#: Of the room that is left for lasting calls, an account may take this part. So there is always some left,
#: and the more accounts ask for much, the less each of them gets.
_PART_OF_THE_REST = 4
_RETRY_SECONDS = 1


class CallLimit(DomainError):
    """The account has reached its limit of requests in progress."""

    reason = "CALL_LIMIT"
    kind = Kind.EXHAUSTED
    message = "The account has reached its limit of requests in progress; wait until some of them have ended"

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=_RETRY_SECONDS)


class StreamLimit(DomainError):
    """The account has reached its limit of open streams."""

    reason = "STREAM_LIMIT"
    kind = Kind.EXHAUSTED
    message = "The account has reached its limit of open streams; end a watch, a download or an upload first"


class Shares:
    """Counts what each account has under way at this replica."""

    def __init__(self) -> None:
        self._turns = Turns(IN_WORK)
        self._calls: Counter[str] = Counter()
        self._streams: Counter[str] = Counter()
        self._all_streams = 0

    @asynccontextmanager
    async def short(self, call: Call) -> AsyncIterator[None]:
        """Wait for the turn of a short call; raise CallLimit when too many wait already."""
        key = _key(call)
        if not key:
            yield
            return
        with _counted(self._calls, key, most=MOST_CALLS, refusal=CallLimit):
            async with self._turns.of(key):
                yield

    @contextmanager
    def stream(self, call: Call) -> Iterator[None]:
        """Count a stream; raise StreamLimit."""
        with self._lasting(_key(call), MOST_STREAMS, StreamLimit):
            yield

    @contextmanager
    def slow(self, call: Call, at_once: int) -> Iterator[None]:
        """Count a call of a method of which an account may have `at_once` in progress; raise CallLimit."""
        key = _key(call)
        with self._lasting(key and f"{key} {call.method}", at_once, CallLimit):
            yield

    @contextmanager
    def _lasting(self, key: str, most: int, refusal: type[DomainError]) -> Iterator[None]:
        if not key:
            yield
            return
        room = max(1, (ALL_STREAMS - self._all_streams) // _PART_OF_THE_REST)
        with _counted(self._streams, key, most=min(most, room), refusal=refusal):
            self._all_streams += 1
            try:
                yield
            finally:
                self._all_streams -= 1


def _key(call: Call) -> str:
    """Return whose share a call takes; empty for nobody's and for work under a grant, which workers bound."""
    return f"{call.caller} {call.passport.account}" if call.passport is not None else ""


@contextmanager
def _counted(of: Counter[str], key: str, *, most: int, refusal: type[DomainError]) -> Iterator[None]:
    if of[key] >= most:
        raise refusal
    of[key] += 1
    try:
        yield
    finally:
        of[key] -= 1
        if not of[key]:
            del of[key]
