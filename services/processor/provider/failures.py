"""What becomes of a provider call without an answer: again, later, never, or the whole job waits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

#: Tries of one call, refusals for rate not counted.
ATTEMPTS = 3
#: Refusals for rate that one call may meet, while others are answered, before its row fails.
RATE_REFUSALS = 10
#: A job pauses when its provider has answered with nothing but refusals for rate for so long.
RATE_PATIENCE_SECONDS = 300.0
#: Waits beyond this give the shard back to the queue instead of holding its lane.
LONGEST_HELD_WAIT_SECONDS = 60.0
#: No provider makes us wait longer without being asked again.
LONGEST_WAIT_SECONDS = 3600.0

_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 20.0
#: What a request can do without, or say by another name.
OPTIONAL_PARAMETERS = ("temperature", "store", "response_format", "max_tokens", "max_completion_tokens")
_LONGEST_MESSAGE = 1000
_PARAMETER = re.compile(rf"\b(?:{'|'.join(OPTIONAL_PARAMETERS)})\b")
_UNSUPPORTED = re.compile(r"unsupported|unrecognized|unknown|unexpected|not (?:supported|permitted)", re.I)
_CODE = re.compile(r"[a-z0-9_.-]{1,64}\Z")


class Verdict(Enum):
    """What a failed call means."""

    AGAIN = "again"
    RATE = "rate"
    ROW_FAILS = "row fails"
    JOB_PAUSES = "job pauses"


@dataclass(frozen=True, slots=True)
class Failure:
    """A call without a usable answer; `reason` is the row's or the pause's, `wait_seconds` the provider's."""

    verdict: Verdict
    reason: str
    message: str
    wait_seconds: float | None = None
    #: The parameter of the request that the provider does not take, if that was all.
    parameter: str = ""
    #: Whether the provider refused in its own words: an endpoint of another kind has none.
    in_words: bool = False


UNREACHABLE = Failure(Verdict.AGAIN, "PROVIDER_UNAVAILABLE", "The provider could not be reached")
TIMED_OUT = Failure(Verdict.AGAIN, "PROVIDER_UNAVAILABLE", "The provider took too long")
MALFORMED = Failure(
    Verdict.AGAIN, "PROVIDER_ANSWER_INVALID", "The provider's answer was empty or not understood"
)
UNFITTING = Failure(
    Verdict.AGAIN, "OUTPUT_SCHEMA_MISMATCH", "The answer is not an object of the template's JSON schema"
)
TOO_LARGE = Failure(Verdict.AGAIN, "PROVIDER_ANSWER_INVALID", "The provider's answer was too large")
TRUNCATED = Failure(Verdict.ROW_FAILS, "OUTPUT_TRUNCATED", "The answer was cut off by the token limit")
KEY_ECHOED = Failure(Verdict.ROW_FAILS, "PROVIDER_ANSWER_INVALID", "The provider's answer showed the API key")
KEY_UNSENDABLE = Failure(Verdict.JOB_PAUSES, "PROVIDER_AUTH", "The key cannot be sent in a header")
PROMPT_TOO_LARGE = Failure(
    Verdict.ROW_FAILS, "PROMPT_TOO_LARGE", "The prompt with this row's values would be larger than 1 MiB"
)
WORKER_FAILED = Failure(
    Verdict.ROW_FAILS,
    "WORKER_FAILED",
    "Ten workers stopped while they worked on this row or on one beside it, so it was not tried again",
)
UNCHECKED = Failure(
    Verdict.ROW_FAILS, "ANSWER_CHECK_TOO_COSTLY", "The answer's check took too long, so it was not kept"
)
FILTERED = Failure(Verdict.ROW_FAILS, "CONTENT_FILTERED", "The provider's content filter stopped the answer")


def judge(status: int, error: Mapping[str, object], headers: Mapping[str, str], now: datetime) -> Failure:
    """Return what an HTTP status other than 200 means; `error` is the body's error object, if it had one."""
    code = _code(error.get("code")) or _code(error.get("type"))
    wait = retry_after(headers, now)
    if code == "insufficient_quota" or status == 402:
        return Failure(Verdict.JOB_PAUSES, "PROVIDER_QUOTA", "The key's credit is used up")
    if status in (401, 403):
        return Failure(Verdict.JOB_PAUSES, "PROVIDER_AUTH", "The provider refused the key")
    if status == 429:
        return Failure(Verdict.RATE, "PROVIDER_RATE_LIMITED", "The provider kept refusing for rate", wait)
    if status in (408, 409, 425) or status >= 500:
        said = f"The provider answered with status {status}"
        return Failure(Verdict.AGAIN, "PROVIDER_UNAVAILABLE", said, wait)
    shown = f"status {status}, {code}" if code else f"status {status}"
    said = f"The provider rejected the request ({shown})"
    parameter = _refused_parameter(error) if status in (400, 422) else ""
    return Failure(Verdict.ROW_FAILS, "PROVIDER_REJECTED", said, parameter=parameter, in_words=bool(error))


def _refused_parameter(error: Mapping[str, object]) -> str:
    """Return the optional parameter that a refusal is about; empty when it is about something else."""
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
    """Return the wait after so many failures in a row (from 1): doubling, spread by `dice` in [0, 1)."""
    longest = min(_LONGEST_BACKOFF_SECONDS, _FIRST_BACKOFF_SECONDS * 2.0 ** min(failed - 1, 16))
    return longest * (0.5 + dice / 2)
