"""How a client sends its calls: how long an answer may take, how often it tries again, further headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import BadSettings
from .retries import RetryPolicy

_SECONDS_TO_CONNECT = 10.0
#: The client sets these itself, and a second value would contradict it.
_OWN_HEADERS = frozenset(
    {"authorization", "content-length", "content-type", "host", "idempotency-key", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a client. Headers may hold secrets, so the repr leaves them out.

    `timeout` is in seconds, for each attempt; None means 60, or 300 while a file is sent. `retries` is how
    often a call is repeated that is safe to repeat.
    """

    timeout: float | None = None
    retries: int = 2
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.timeout is not None and not 0 < self.timeout < float("inf"):
            raise BadSettings("the timeout must be a number of seconds above 0")
        if self.retries < 0:
            raise BadSettings("the number of retries must not be negative")
        for name, value in self.headers.items():
            if name.lower() in _OWN_HEADERS:
                raise BadSettings(f"the header {name} is set by the client itself")
            # The HTTP library checks this too, but its error message would show the whole header.
            if not _is_token(name) or not all(" " <= letter <= "~" for letter in value):
                raise BadSettings("a header has a name or value with characters that are not allowed")

    def changed(
        self, *, timeout: float | None, retries: int | None, headers: Mapping[str, str] | None
    ) -> Options:
        """Return these options with others in place of those that are given; headers are added."""
        return Options(
            self.timeout if timeout is None else timeout,
            self.retries if retries is None else retries,
            {**self.headers, **(headers or {})},
        )

    @property
    def policy(self) -> RetryPolicy:
        """When a call is repeated."""
        return RetryPolicy(self.retries)

    def seconds(self, usual: float) -> tuple[float, float]:
        """Return how long to wait for an answer and for a connection, in seconds."""
        longest = usual if self.timeout is None else self.timeout
        return longest, min(longest, _SECONDS_TO_CONNECT)


def _is_token(name: str) -> bool:
    return bool(name) and name.isascii() and all(letter.isalnum() or letter in "-_" for letter in name)
