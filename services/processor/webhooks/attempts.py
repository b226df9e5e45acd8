"""What an attempt to deliver a message means: delivered, to be sent again and when, or given up."""

from dataclasses import dataclass

from services.processor.webhooks.messages import TEST

#: Seconds between attempts: the schedule that Standard Webhooks recommends, ten attempts within about three
#: days.
RETRY_SECONDS = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
#: A receiver cannot put a message off for longer than this by `Retry-After`.
MOST_RETRY_AFTER_SECONDS = 3600
_SPREAD = 0.2


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of sending a message: a status, or the reason why there is none."""

    status_code: int = 0
    reason: str = ""
    retry_after_seconds: float = 0.0


#: Attempts without an answer. docs/webhooks.md lists every reason of a delivery.
TIMED_OUT = Attempt(0, "TIMED_OUT")
UNREACHABLE = Attempt(0, "UNREACHABLE")
ADDRESS_NOT_ALLOWED = Attempt(0, "ADDRESS_NOT_ALLOWED")


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has the message."""


@dataclass(frozen=True, slots=True)
class SendAgain:
    """The message is sent again after `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The message is not sent again; `disable` says why the webhook is switched off, or is empty."""

    disable: str = ""


Outcome = Delivered | SendAgain | GivenUp


def judge(attempt: Attempt, *, event: str, failures: int, dice: float) -> Outcome:
    """Return what follows from an attempt; `failures` is how many have failed in a row, including this one.

    `dice`, 0 to 1, spreads attempts so that messages that failed together are not sent again together.
    """
    if not attempt.reason:
        return Delivered()
    if attempt.reason == "GONE":
        return GivenUp("GONE")
    # A person who tests a webhook sees the outcome and can test again.
    if event == TEST:
        return GivenUp()
    if failures > len(RETRY_SECONDS):
        return GivenUp("FAILING")
    planned = RETRY_SECONDS[failures - 1] * (1 + _SPREAD * (2 * dice - 1))
    return SendAgain(max(planned, min(attempt.retry_after_seconds, MOST_RETRY_AFTER_SECONDS)))


def reason_of(status: int) -> str:
    """Return why a status is not a success; empty if it is one."""
    if 200 <= status < 300:
        return ""
    if status == 410:
        return "GONE"
    return "REDIRECTED" if 300 <= status < 400 else "HTTP_STATUS"
