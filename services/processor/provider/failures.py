"""What follows from a provider call without an answer: try again, wait, fail the row, or pause the job."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
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
#: A provider is asked again after this time at the latest, whatever its `Retry-After` says. Too long, and one
#: wrong header stops a rate key for as long.
LONGEST_WAIT_SECONDS = 3600.0

_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 20.0
#: Parameters that a request can leave out, or send under another name.
OPTIONAL_PARAMETERS = ("temperature", "store", "response_format", "max_tokens", "max_completion_tokens")
_LONGEST_MESSAGE = 1000
_PARAMETER = re.compile(rf"\b(?:{'|'.join(OPTIONAL_PARAMETERS)})\b")
_UNSUPPORTED = re.compile(r"unsupported|unrecognized|unknown|unexpected|not (?:supported|permitted)", re.I)
_CODE = re.compile(r"[a-z0-9_.-]{1,64}\Z")
# What a code is shown as it is: short words and numbers. An API key has at least 16 characters in a row, or
# letters and digits in one word.
_TELLING_CODE = re.compile(r"(?=.{1,64}\Z)(?:[a-z]{1,15}|[0-9]{1,5})(?:[_.-](?:[a-z]{1,15}|[0-9]{1,5}))*\Z")


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
    #: The request's parameter that the provider does not accept, if that was the only fault.
    parameter: str = ""
    #: Whether the refusal has a provider's error object; an endpoint of another kind sends none.
    in_words: bool = False


UNREACHABLE = Failure(Verdict.AGAIN, "PROVIDER_UNAVAILABLE", "The provider could not be reached")
TIMED_OUT = Failure(Verdict.AGAIN, "PROVIDER_UNAVAILABLE", "The provider took too long to answer")
MALFORMED = Failure(
    Verdict.AGAIN, "PROVIDER_ANSWER_INVALID", "The provider's answer was empty or could not be read"
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
FILTERED = Failure(Verdict.ROW_FAILS, "CONTENT_FILTERED", "The provider's content filter stopped the answer")


def _never(_: str) -> bool:
    return False


def judge(
    status: int,
    error: Mapping[str, object],
    headers: Mapping[str, str],
    now: datetime,
    *,
    hide: Callable[[str], bool] = _never,
) -> Failure:
    """Return what an HTTP status other than 200 means; `error` is the body's error object, or empty.

    `hide` says of the provider's code for the error that it must not be shown.
    """
    code = _code(error.get("code")) or _code(error.get("type"))
    wait = retry_after(headers, now)
    if code == "insufficient_quota" or status == 402:
        return Failure(
            Verdict.JOB_PAUSES, "PROVIDER_QUOTA", "The API key's credit at the provider is used up"
        )
    if status in (401, 403):
        return Failure(Verdict.JOB_PAUSES, "PROVIDER_AUTH", "The provider rejected the API key")
    if status == 429:
        return Failure(
            Verdict.RATE,
            "PROVIDER_RATE_LIMITED",
            "The provider kept refusing calls because of its rate limit",
            wait,
        )
    if status in (408, 409, 425) or status >= 500:
        said = f"The provider answered with status {status}"
        return Failure(Verdict.AGAIN, "PROVIDER_UNAVAILABLE", said, wait)
    is_shown = _TELLING_CODE.match(code) and not hide(code)
    shown = f"status {status}, {code}" if is_shown else f"status {status}"
    said = f"The provider rejected the request ({shown})"
    parameter = _refused_parameter(error) if status in (400, 422) else ""
    return Failure(Verdict.ROW_FAILS, "PROVIDER_REJECTED", said, parameter=parameter, in_words=bool(error))


def _refused_parameter(error: Mapping[str, object]) -> str:
    """Return the optional parameter that a refusal is about; empty if it is about something else."""
    code, named, message = error.get("code"), error.get("param"), error.get("message")
    if named in OPTIONAL_PARAMETERS and code in ("unsupported_parameter", "unsupported_value"):
        return str(named)
    if not isinstance(message, str) or not _UNSUPPORTED.search(message[:_LONGEST_MESSAGE]):
        return ""
    found = _PARAMETER.search(message[:_LONGEST_MESSAGE])
    return found[0] if found else ""


def _code(value: object) -> str:
    return value if isinstance(value, str) and _CODE.match(value) else ""


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that the headers ask to wait (RFC 9110 10.2.3, or `retry-after-ms`), if any."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            seconds = _until(value, now)
        if 0 <= seconds < float("inf"):
            return min(seconds, LONGEST_WAIT_SECONDS)
    return None


def _until(value: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return -1.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def backoff_seconds(failed: int, dice: float) -> float:
    """Return the wait after `failed` failures in a row: it doubles, spread by `dice` in [0, 1)."""
    longest = min(_LONGEST_BACKOFF_SECONDS, _FIRST_BACKOFF_SECONDS * 2.0 ** min(failed - 1, 16))
    return longest * (0.5 + dice / 2)
