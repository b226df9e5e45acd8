"""What signals ask of the launcher: plain flags, because a handler that takes a lock can hang for ever."""

import signal
import time
from types import FrameType

# `make` and other wrappers forward a signal that the terminal has already sent; a repeat within this time
# is not a second request to stop.
REPEATED_SECONDS = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_SECONDS = 0.02


class Flag:
    """A flag that a signal handler may set.

    A handler runs between two bytecodes of the main thread, which may hold the lock of a `threading.Event`
    at that moment, and a second signal interrupts the first one's handler. Then `Event.set` waits for a lock
    that its own thread holds. So setting this flag is one assignment, and waiting for it is polling.
    """

    __slots__ = ("_is_set",)

    def __init__(self) -> None:
        self._is_set = False

    def set(self) -> None:
        self._is_set = True

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Return whether the flag is set, as soon as it is and after `seconds` at the latest."""
        deadline = time.monotonic() + seconds
        while not self._is_set and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(POLL_SECONDS, left))
        return self._is_set


class StopSignals:
    """SIGINT, SIGTERM and SIGHUP: the first one asks for an orderly stop, a later one for a quick stop."""

    def __init__(self) -> None:
        self.stopping = Flag()
        self.hurry = Flag()
        self.received = Flag()
        self._first = 0.0

    def install(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._receive)

    def ignore(self) -> None:
        """To be called when everything has been stopped. Python gives every other handler up while it exits,
        and a signal would then take the place of the exit code."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        """Assign, and nothing else: no lock, no output, no exception."""
        now = time.monotonic()
        if not self._first:
            self._first = now
        elif now - self._first > REPEATED_SECONDS:
            self.hurry.set()
        self.received.set()
        self.stopping.set()
