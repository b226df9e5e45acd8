"""What follows from a provider call without an answer: try again, wait, fail the row, or pause the job."""

from dataclasses import dataclass, replace
from enum import Enum

#: How often one call is tried, not counting rate-limit refusals. Too few fails rows for a passing fault; too
#: many pays for answers that will not get better. A job's release budget follows from it.
ATTEMPTS = 3
#: How many rate-limit refusals one call may meet, while other calls are answered, before its row fails. Too
#: few fails rows of a busy provider; too many lets one row use up key releases without end.
RATE_REFUSALS = 10
#: A job pauses after its provider has answered with nothing but rate-limit refusals for this long. Too short
#: pauses jobs for a quota that refills every minute; too long keeps a job running that makes no progress.
RATE_PATIENCE_SECONDS = 300.0
#: For longer waits, the worker gives the shard back to the queue instead of holding it. Too short costs
#: claims and reads of rows for pauses of seconds; too long blocks the worker's place for other accounts.
LONGEST_HELD_WAIT_SECONDS = 60.0
_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 20.0


class Verdict(Enum):
    """What a failed call means."""

    AGAIN = "again"
    RATE = "rate"
    ROW_FAILS = "row fails"
    JOB_PAUSES = "job pauses"


@dataclass(frozen=True, slots=True)
class Failure:
    """A call without a usable answer.

    `reason` is for the row or the pause that results, `wait_seconds` is the wait that the provider asked for.
    """

    verdict: Verdict
    reason: str
    message: str
    wait_seconds: float | None = None
    #: The optional parts of the request that the refusal names; without them it may be accepted.
    parts: frozenset[str] = frozenset()
    #: Whether the refusal has a provider's error object; an endpoint of another kind sends none.
    in_words: bool = False
    #: What the provider said, in its own words; empty if it said nothing.
    said: str = ""
    #: What the refusal means instead while other calls of the rate key are answered: it is about this prompt.
    if_answered: "Failure | None" = None
    #: Whether the endpoint as a whole is away, rather than this call having failed.
    is_outage: bool = False
    #: Whether the refusal fits no wording that is known.
    is_unspecific: bool = False
    #: Whether it is about the model or the address, which are the same for all rows.
    is_of_all_rows: bool = False


UNREACHABLE = Failure(
    Verdict.AGAIN, "PROVIDER_UNAVAILABLE", "The connection to the provider broke before it answered"
)
#: Nothing was sent, so nothing is charged.
NOT_CONNECTED = Failure(
    Verdict.AGAIN, "PROVIDER_UNAVAILABLE", "The provider could not be reached", is_outage=True
)
TIMED_OUT = Failure(Verdict.AGAIN, "PROVIDER_UNAVAILABLE", "The provider took too long to answer")
MALFORMED = Failure(
    Verdict.AGAIN, "PROVIDER_ANSWER_INVALID", "The provider's answer was empty or could not be read"
)
BROKEN_OFF = Failure(
    Verdict.AGAIN,
    "PROVIDER_ANSWER_INVALID",
    "The provider broke its answer off because of an error of its own",
)
UNFITTING = Failure(
    Verdict.AGAIN, "OUTPUT_SCHEMA_MISMATCH", "The answer does not fit the template's JSON schema"
)
TOO_LARGE = Failure(Verdict.AGAIN, "PROVIDER_ANSWER_INVALID", "The provider's answer was too large")
TRUNCATED = Failure(
    Verdict.ROW_FAILS,
    "OUTPUT_TRUNCATED",
    "The answer reached max_tokens and was cut off; raise it in the template",
)
#: The model has said nothing but its thinking.
TRUNCATED_THINKING = replace(
    TRUNCATED,
    message="The model used up its tokens while it was still thinking; raise max_completion_tokens or "
    "max_tokens in the template, or lower reasoning_effort",
)
KEY_ECHOED = Failure(
    Verdict.ROW_FAILS,
    "PROVIDER_ANSWER_INVALID",
    "The provider's answer contained the API key, so it was discarded",
)
KEY_UNSENDABLE = Failure(
    Verdict.JOB_PAUSES,
    "PROVIDER_AUTH",
    "The API key has characters that cannot be sent in a header; store it again",
)
PROMPT_TOO_LARGE = Failure(
    Verdict.ROW_FAILS, "PROMPT_TOO_LARGE", "The prompt with this row's values would be larger than 1 MiB"
)
WORKER_FAILED = Failure(
    Verdict.ROW_FAILS,
    "WORKER_FAILED",
    "Ten workers stopped while they worked on this row or on one beside it, so it was not tried again",
)
UNCHECKED = Failure(
    Verdict.ROW_FAILS, "ANSWER_CHECK_TOO_COSTLY", "Checking the answer took too long, so it was discarded"
)
DOWN = Failure(
    Verdict.JOB_PAUSES,
    "PROVIDER_DOWN",
    "The provider has not been reachable; the job goes on by itself when it answers within a day",
)
BATCHES_UNSUPPORTED = Failure(
    Verdict.JOB_PAUSES,
    "BATCHES_UNSUPPORTED",
    "The endpoint knows no batches: it answered 404 at its files or batches. Resume the job with "
    "end_economy to send its rows in the ordinary way, or with an API key for another endpoint",
)
BATCH_REFUSED = Failure(
    Verdict.JOB_PAUSES,
    "BATCH_REFUSED",
    "The provider refused the batch as a whole. Resume the job to send it again, or with end_economy to send "
    "its rows in the ordinary way",
)
BATCH_QUEUE_FULL = Failure(
    Verdict.JOB_PAUSES,
    "BATCH_QUEUE_FULL",
    "The provider has as many batches waiting as it takes; resume the job later",
)
BATCH_UNANSWERED = Failure(
    Verdict.ROW_FAILS, "BATCH_UNANSWERED", "Three batches ended without a usable answer to this row"
)
FILTERED = Failure(Verdict.ROW_FAILS, "CONTENT_FILTERED", "The provider's content filter stopped the answer")


def backoff_seconds(failed: int, dice: float) -> float:
    """Return the wait after `failed` failures in a row: it doubles, spread by `dice` in [0, 1)."""
    longest = min(_LONGEST_BACKOFF_SECONDS, _FIRST_BACKOFF_SECONDS * 2.0 ** min(failed - 1, 16))
    return longest * (0.5 + dice / 2)
