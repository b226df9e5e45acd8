"""Whether a failure may be nobody's fault but the provider's: it has accepted nothing yet."""

from dataclasses import dataclass, replace

from services.processor.provider.failures import Failure
from services.processor.rows.endings import Pause

#: How many rows in a row may fail, with none answered, before the job pauses: what is wrong is then no single
#: row. Fewer pause jobs for a few bad rows at the start; more cost calls that cannot succeed.
ROWS_REJECTED = 5
_OF_THE_PROVIDER = frozenset({"PROVIDER_REJECTED", "PROVIDER_ANSWER_INVALID", "PROVIDER_UNAVAILABLE"})


@dataclass(slots=True, eq=False)
class Suspicion:
    """What one model at one provider has done in this shard."""

    #: Whether it has accepted a request, so that later failures are those of their rows.
    cleared: bool = False
    #: Rows that it has failed since it last accepted one.
    failed: int = 0

    def accepted(self) -> None:
        """Note that a request was accepted."""
        self.cleared, self.failed = True, 0

    def counts(self, failure: Failure) -> bool:
        """Count a failed row if the provider may be the cause; return whether there were too many."""
        if failure.reason == "PROVIDER_REJECTED" or (not self.cleared and failure.reason in _OF_THE_PROVIDER):
            self.failed += 1
            return self.failed >= ROWS_REJECTED
        return False

    def doubts(self, failure: Failure) -> bool:
        """Whether a row's failure is held back: it would be no result of the row."""
        return not self.cleared and failure.reason in _OF_THE_PROVIDER


def rejection(failure: Failure, model: str) -> Pause:
    """Return the pause of a job whose provider fails every row, with the model named."""
    message = failure.message
    if model not in message:
        message = f"{message} (model {model})"
    failure = replace(failure, message=f"{message}; it has answered none of the last rows")
    return Pause("PROVIDER_REJECTED", failure.reason, failure.message, failure.said)
