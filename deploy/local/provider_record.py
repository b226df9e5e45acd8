"""What the stand-in provider records of each request: all that a test may check, but only a key's hash."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any


def fingerprint(authorization: str) -> str:
    """Return the hex SHA-256 of an Authorization value, the only trace of it that is kept."""
    return hashlib.sha256(authorization.encode("latin-1", "replace")).hexdigest()


@dataclass(slots=True)
class Seen:
    """One request. ``status`` is None until it is answered; ``abandoned`` says that the client left first.

    ``received`` and ``ended`` are seconds of the machine's monotonic clock, comparable with
    ``time.monotonic()`` of any process on the same machine.
    """

    sequence: int
    received: float
    method: str
    path: str
    query: str
    prompt: str
    attempt: int
    messages: Any
    model: Any
    parameters: dict[str, Any]
    authorization_sha256: str | None
    header_names: list[str]
    user_agent: str
    action: str | None = None
    status: int | None = None
    ended: float | None = None
    abandoned: bool = False


class Record:
    """The requests since the last reset, up to a limit, with counters that are right even without records."""

    def __init__(self, limit: int, *, keep: bool) -> None:
        self._limit = limit
        self._keep = keep
        self.clear()

    def clear(self) -> None:
        """Forget everything and restart the count at 1."""
        self._seen: deque[Seen] = deque(maxlen=self._limit)
        self._attempts: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._abandoned = 0
        self._total = 0
        self._in_flight = 0
        self._most_in_flight = 0

    def change(self, limit: int, *, keep: bool) -> None:
        """Change what is kept from now on; existing records stay as far as the limit allows."""
        self._limit, self._keep = limit, keep
        self._seen = deque(self._seen, maxlen=limit)

    @property
    def keeps(self) -> bool:
        """Whether requests are recorded one by one."""
        return self._keep

    def next_sequence(self) -> int:
        """Count a request that has arrived."""
        self._total += 1
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        return self._total

    def next_attempt(self, prompt: str) -> int:
        """Count an attempt of a prompt, from 1."""
        self._attempts[prompt] += 1
        return self._attempts[prompt]

    def add(self, seen: Seen) -> None:
        """Keep one request."""
        self._seen.append(seen)

    def settle(self, status: int, *, answered: bool) -> None:
        """Count a request that was answered, or whose client left first."""
        self._in_flight = max(0, self._in_flight - 1)
        if answered:
            self._statuses[status] += 1
        else:
            self._abandoned += 1

    def summary(self) -> dict[str, Any]:
        """Return the counters alone."""
        return {
            "total": self._total,
            "in_flight": self._in_flight,
            "most_in_flight": self._most_in_flight,
            "abandoned": self._abandoned,
            "by_status": {str(status): count for status, count in sorted(self._statuses.items())},
            "kept": len(self._seen),
        }

    def requests(self) -> list[dict[str, Any]]:
        """Return the kept requests, oldest first."""
        return [asdict(seen) for seen in self._seen]
