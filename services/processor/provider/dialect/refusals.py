"""What a refusal means: a table of wordings and codes, read from the top; the first line that fits counts.

A new wording of a provider is a word in a line, or a line.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.processor.provider.dialect.clues import Clues, clues_in
from services.processor.provider.dialect.parts import REFUSED, parts_of, refused_parts
from services.processor.provider.dialect.waits import wait_asked
from services.processor.provider.failures import TRUNCATED_THINKING, Failure, Verdict

_ANY = frozenset(range(400, 600))
#: Statuses with which providers refuse a request for what is in it. 5xx are here because small servers answer
#: an unknown parameter with one.
_CONTENT = frozenset({400, 403, 404, 405, 406, 409, 413, 415, 422, 451, 500, 501})

#: With these an endpoint as a whole is away: its own server does not answer, something before it does.
OUTAGE_STATUSES = frozenset({502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530})

__all__ = ["OUTAGE_STATUSES", "judge", "meaning", "never", "parts_of"]


@dataclass(frozen=True, slots=True)
class _Line:
    """One meaning, and by what it is recognized: a status alone, or a code or words at some statuses."""

    failure: Failure
    statuses: frozenset[int] = _ANY
    codes: frozenset[str] = frozenset()
    words: re.Pattern[str] | None = None
    #: Whether the status is enough.
    by_status: bool = False
    #: A wait in the refusal contradicts this meaning.
    unless_wait: bool = False

    def fits(self, status: int, clues: Clues, wait: float | None) -> bool:
        if status not in self.statuses or (
            self.unless_wait and wait is not None and not clues.codes & self.codes
        ):
            return False
        if self.by_status or clues.codes & self.codes:
            return True
        return self.words is not None and self.words.search(clues.words) is not None


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


_TOO_LARGE = Failure(
    Verdict.ROW_FAILS,
    "PROVIDER_REJECTED",
    "The request is larger than the provider allows for this model or key, however long one waits",
)
_CONTEXT = Failure(
    Verdict.ROW_FAILS,
    "PROVIDER_REJECTED",
    "The prompt and its answer do not fit the model's context; shorten the prompt or lower max_tokens",
)
_QUOTA = Failure(Verdict.JOB_PAUSES, "PROVIDER_QUOTA", "The API key's credit at the provider is used up")
_FILTERED = Failure(Verdict.ROW_FAILS, "CONTENT_FILTERED", "The provider's content filter refused the prompt")
_AUTH = Failure(Verdict.JOB_PAUSES, "PROVIDER_AUTH", "The provider rejected the API key")
#: Not said to be about the key, so while other calls are answered it is about the prompt.
_FORBIDDEN = replace(
    _AUTH,
    if_answered=Failure(Verdict.ROW_FAILS, "PROVIDER_REJECTED", "The provider refused this row's request"),
)
_NO_MODEL = Failure(
    Verdict.ROW_FAILS,
    "PROVIDER_REJECTED",
    "The provider does not offer the model {model} to this key",
    is_of_all_rows=True,
)
_RATE = Failure(
    Verdict.RATE, "PROVIDER_RATE_LIMITED", "The provider kept refusing calls because of its rate limit"
)
_AGAIN = Failure(Verdict.AGAIN, "PROVIDER_UNAVAILABLE", "The provider answered with status {status}")
_DOWN = replace(_AGAIN, is_outage=True)
_REJECTED = Failure(
    Verdict.ROW_FAILS, "PROVIDER_REJECTED", "The provider rejected the request ({shown})", is_unspecific=True
)

_LINES = (
    # OpenAI refuses instead of cutting off when a model's thinking needs more than all of its tokens.
    _Line(
        TRUNCATED_THINKING,
        statuses=frozenset({400}),
        words=_words(r"could not finish the message because max_tokens or model output limit was reached"),
    ),
    _Line(
        _TOO_LARGE,
        statuses=frozenset({400, 403, 413, 422, 429}),
        words=_words(
            r"request (?:is )?too large for",
            r"request (?:body |entity |payload )?(?:is )?too large",
            r"(?:single|this|one) request (?:exceeds|is larger than|is bigger than)",
            r"payload too large",
        ),
        codes=frozenset({"request_too_large", "payload_too_large"}),
    ),
    _Line(
        _QUOTA,
        statuses=frozenset({402}),
        by_status=True,
    ),
    _Line(
        _QUOTA,
        statuses=frozenset({400, 401, 403, 404, 409, 412, 422, 429, 500, 503}),
        codes=frozenset(
            {
                "insufficient_quota",
                "billing_error",
                "billing_not_active",
                "billing_hard_limit_reached",
                "credit_balance_exhausted",
                "insufficient_balance",
                "insufficient_credits",
                "insufficient_funds",
                "not_enough_balance",
                "not_enough_credits",
                "payment_required",
                "exceeded_current_quota_error",
                "account_overdue",
                "arrearage",
                "accountoverdueerror",
                "spend_limit_exceeded",
                "budget_exceeded",
                "1113",
            }
        ),
        words=_words(
            r"\b(?:no|not enough|insufficient|out of|zero|negative|add|low on|lacks?|without|more) "
            r"(?:\w+ ){0,2}(?:credits?|balance|funds?|prepayment)\b",
            r"\b(?:credits?|balance|funds?)\b.{0,40}(?:too low|exhausted|insufficient|used up"
            r"|depleted|empty|expired"
            r"|run out|negative|not enough|not sufficient)",
            r"\b(?:ran|run|running|runs) out of (?:\w+ ){0,2}(?:credits?|funds?|balance)",
            r"payment (?:is )?required|billing (?:hard|is not|not active|account)|overdue|in arrears?\b",
            r"(?:spend(?:ing)?|budget|monthly|hard|usage) (?:limit|cap|budget)s? (?:has been |was |is )?"
            r"(?:reached|exceeded|exhausted|hit)|exceeded (?:\w+ ){0,3}(?:spend(?:ing)?|budget)",
            r"top up|recharge|check your plan and billing",
        ),
        unless_wait=True,
    ),
    _Line(
        _FILTERED,
        statuses=_CONTENT,
        codes=frozenset(
            {
                "content_filter",
                "content_filtered",
                "content_policy_violation",
                "responsibleaipolicyviolation",
                "moderation_blocked",
                "data_inspection_failed",
                "datainspectionfailed",
                "prohibited_content",
                "sensitive",
                "safety",
                "harassment",
                "1301",
            }
        ),
        words=_words(
            r"\bflagged\b|\bmoderation\b|content (?:filter|policy|management|exists risk)"
            r"|safety (?:system|filter|setting)",
            r"(?:violat\w+|against) (?:\w+ ){0,4}(?:polic(?:y|ies)|guidelines|terms)|inappropriate"
            r"|sensitive (?:content|"
            r"words?|information)|prohibited content|harmful content|blocked (?:by"
            r"|due to) (?:\w+ ){0,2}(?:safety|content)",
        ),
    ),
    _Line(_AUTH, statuses=frozenset({401}), by_status=True),
    _Line(
        _FORBIDDEN,
        statuses=frozenset({400, 403, 404, 407, 422}),
        codes=frozenset(
            {
                "invalid_api_key",
                "api_key_invalid",
                "authentication_error",
                "invalid_authentication",
                "unauthenticated",
                "unauthorized",
                "account_deactivated",
                "invalid_token",
                "expired_token",
            }
        ),
        words=_words(
            r"(?:invalid|incorrect|expired|revoked|missing|wrong|bad|unknown|no|disabled"
            r"|malformed) (?:\w+ ){0,2}"
            r"(?:api[ -_]?keys?|credentials?|access[ _]tokens?|auth(?:entication|orization)?(?: token)?)\b",
            r"api[ _-]?key\b.{0,30}(?:not valid|invalid|expired|incorrect|revoked|disabled|not found"
            r"|missing|required)",
            r"(?:unauthori[sz]ed|authentication (?:failed|required|error)|account (?:\w+ ){0,3}"
            r"(?:deactivated|suspended|disabled|banned|terminated))",
        ),
    ),
    _Line(
        _NO_MODEL,
        statuses=frozenset({400, 403, 404, 410, 422, 500, 501, 503}),
        codes=frozenset(
            {
                "model_not_found",
                "deploymentnotfound",
                "model_not_available",
                "model_decommissioned",
                "invalid_model",
                "unknown_model",
                "model_not_supported",
                "modelnotfound",
                "not_found_error",
            }
        ),
        words=_words(
            r"\bmodels?\b.{0,120}(?:not (?:found|exist|available|supported|a valid|valid|been loaded"
            r"|loaded)|n't exist"
            r"|unknown|decommissioned|deprecated|retired|no longer|unavailable for|is invalid)",
            r"(?:invalid|unknown|unsupported|no such|not a valid|could not find|cannot find"
            r"|can't find|unrecogni[sz]ed)"
            r" (?:the )?(?:models?|deployment)\b",
            r"\bdeployment\b.{0,60}(?:not exist|not found)|no (?:allowed )?(?:providers|endpoints|models?) "
            r"(?:are |is )?(?:found|available|loaded)|not have access to (?:the )?model"
            r"|pull (?:the )?model|try pulling",
        ),
    ),
    _Line(
        _CONTEXT,
        statuses=frozenset({400, 413, 422, 500}),
        codes=frozenset({"context_length_exceeded", "string_above_max_length", "context_window_exceeded"}),
        words=_words(
            r"context (?:length|window|size|limit)|maximum (?:\w+ ){0,3}(?:context|input|prompt|sequence)",
            r"(?:prompt|input|messages?|tokens?) (?:\w+ ){0,3}(?:too long|too many tokens"
            r"|exceeds? (?:the )?(?:max|limit|model))"
            r"|too many (?:input |prompt )?tokens|exceeds? (?:the )?(?:available )?(?:maximum|max"
            r"|limit of) (?:\w+ ){0,2}tokens",
        ),
    ),
    _Line(_RATE, statuses=frozenset({429}), by_status=True),
    _Line(
        _RATE,
        statuses=frozenset({400, 403, 420, 500, 502, 503, 529}),
        codes=frozenset(
            {
                "rate_limit_exceeded",
                "rate_limit_error",
                "rate_limited",
                "too_many_requests",
                "throttlingexception",
                "throttling",
                "resource_exhausted",
                "requests_limit_exceeded",
                "tokens_limit_exceeded",
            }
        ),
        words=_words(
            r"rate[ -_]?limit(?:ed|s)?\b|too many requests|\bthrottl|(?:requests?"
            r"|tokens) per (?:second|minute|hour|day)",
        ),
    ),
    _Line(
        _DOWN,
        statuses=OUTAGE_STATUSES,
        by_status=True,
    ),
    _Line(_AGAIN, statuses=frozenset({408, 409, 423, 425, 498, 499, 500, *range(505, 600)}), by_status=True),
    _Line(
        _AGAIN,
        statuses=frozenset({400, 403, 404, 412, 422, 424}),
        codes=frozenset(
            {
                "overloaded_error",
                "server_error",
                "timeout",
                "internal_error",
                "unavailable",
                "engine_overloaded",
            }
        ),
        words=_words(
            r"overload|temporar(?:y|ily)|try again (?:later|in)|please retry|(?:still|currently"
            r"|is) loading|at capacity"
            r"|timed? ?out|upstream|connection (?:reset|refused|error)|service unavailable"
            r"|server is busy|engine is busy",
        ),
    ),
    _Line(_FORBIDDEN, statuses=frozenset({403, 407}), by_status=True),
)

#: What web servers say of a path that they do not have; it says nothing of a key or a model.
_NO_ENDPOINT = re.compile(
    r"(?:404 )?(?:page |route )?not found\.?|method not allowed\.?|cannot (?:get|post) .*|no route.*"
)
#: What a code is shown as it is: short words and numbers. An API key has at least 16 characters in a row, or
#: letters and digits in one word.
_TELLING_CODE = re.compile(r"(?=.{1,64}\Z)(?:[a-z]{1,15}|[0-9]{1,5})(?:[_.-](?:[a-z]{1,15}|[0-9]{1,5}))*\Z")
_LIMIT = re.compile(r"\blimit\b\D{0,20}(\d[\d,._ ]{0,18}\d|\d)")
_REQUESTED = re.compile(r"\brequest(?:ed|s|ing)?\b\D{0,40}?(\d[\d,._ ]{0,18}\d|\d)")


def never(_: str) -> bool:
    """Hide nothing."""
    return False


def judge(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    now: datetime,
    *,
    sent: Collection[str] = (),
    model: str = "",
    hide: Callable[[str], bool] = never,
) -> Failure:
    """Return what a refusal means.

    `sent` are the optional parts of the refused request. `hide` says of the provider's code for the error
    that it must not be shown.
    """
    return meaning(status, clues_in(body), headers, now, sent=sent, model=model, hide=hide)


def meaning(
    status: int,
    clues: Clues,
    headers: Mapping[str, str],
    now: datetime,
    *,
    sent: Collection[str] = (),
    model: str = "",
    hide: Callable[[str], bool] = never,
) -> Failure:
    """Return what a refusal means whose body was read already."""
    wait = wait_asked(headers, clues, now)
    parts = _parts(status, clues, sent)
    if status == 429 and _never_fits(clues):
        failure = _TOO_LARGE
    else:
        failure = next((line.failure for line in _LINES if line.fits(status, clues, wait)), _REJECTED)
    if parts and failure.verdict in (Verdict.ROW_FAILS, Verdict.AGAIN) and failure is not _FILTERED:
        failure = _REJECTED
    elif failure.verdict is not Verdict.JOB_PAUSES:
        parts = frozenset()
    code = clues.code
    is_shown = _TELLING_CODE.match(code) and not hide(code)
    shown = f"status {status}, {code}" if is_shown else f"status {status}"
    return replace(
        failure,
        message=failure.message.format(status=status, shown=shown, model=model or "of the template"),
        wait_seconds=wait if failure.verdict in (Verdict.RATE, Verdict.AGAIN) else None,
        parts=parts if failure is _REJECTED else frozenset(),
        # Nothing in a prompt decides whether an address is found.
        is_of_all_rows=failure.is_of_all_rows or (failure is _REJECTED and status in (404, 405)),
        in_words=clues.is_json and _NO_ENDPOINT.fullmatch(clues.message.lower()) is None,
        said=clues.message,
    )


def _parts(status: int, clues: Clues, sent: Collection[str]) -> frozenset[str]:
    if status in (400, 422):
        return refused_parts(clues.words, sent)
    if status in (404, 405, 406, 415, 500, 501) and REFUSED.search(clues.words):
        return refused_parts(clues.words, sent)
    return frozenset()


def _never_fits(clues: Clues) -> bool:
    """Whether a limit's own numbers say that this request is larger than all of it."""
    limit, requested = _LIMIT.search(clues.words), _REQUESTED.search(clues.words)
    if limit is None or requested is None:
        return False
    return _number(requested[1]) > _number(limit[1]) > 0


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text))
