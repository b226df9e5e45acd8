"""What follows from a call about a batch that failed: the shard waits, or its job pauses."""

import time
from collections.abc import Callable
from dataclasses import replace

from services.processor.provider.failures import (
    BATCH_QUEUE_FULL,
    BATCH_REFUSED,
    BATCHES_UNSUPPORTED,
    DOWN,
    NOT_CONNECTED,
    Failure,
    Verdict,
)
from services.processor.rows.claims import Claim
from services.processor.rows.endings import Again, Ending, Pause

_AGAIN_SECONDS = 15.0
_MOST_REMEMBERED = 10_000
#: The pause reasons of the contract for reasons that are none themselves.
_PAUSES = {
    BATCHES_UNSUPPORTED.reason: BATCH_REFUSED.reason,
    BATCH_QUEUE_FULL.reason: "PROVIDER_RATE_LIMIT",
}


def pause_of(failure: Failure) -> Pause:
    """Return the pause that a failure means; those about batches have one reason among the contract's."""
    return Pause(_PAUSES.get(failure.reason, failure.reason), failure.reason, failure.message, failure.said)


def is_open(failure: Failure) -> bool:
    """Whether a call that failed so may have had its effect all the same."""
    return failure.verdict is Verdict.AGAIN and failure != NOT_CONNECTED


class Trouble:
    """Says what follows from a failed call: the shard waits, and after a while its job pauses."""

    def __init__(
        self, *, again_seconds: float, patience_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.again_seconds = again_seconds
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._since: dict[tuple[str, int], float] = {}

    def met(self, claim: Claim, failure: Failure) -> Ending:
        """Return how the work on a shard ends whose call failed."""
        if failure.verdict in (Verdict.JOB_PAUSES, Verdict.ROW_FAILS):
            return pause_of(failure)
        if len(self._since) > _MOST_REMEMBERED:
            self._since.clear()
        now = self._clock()
        since = self._since.setdefault((claim.job, claim.number), now)
        if now - since > self._patience_seconds:
            del self._since[claim.job, claim.number]
            if failure.verdict is Verdict.RATE:
                return Pause("PROVIDER_RATE_LIMIT", failure.reason, failure.message, failure.said)
            return pause_of(replace(DOWN, said=failure.said))
        return Again(failure.wait_seconds or self.again_seconds)

    def is_over(self, claim: Claim) -> None:
        """Note that the calls of a shard are answered again."""
        self._since.pop((claim.job, claim.number), None)


def again_seconds(first_poll_seconds: float) -> float:
    """Return how long a shard waits after a failed call."""
    return min(_AGAIN_SECONDS, first_poll_seconds)
