"""The stand-in's scenarios: what providers were seen to answer, by name, so that anyone can try them.

A base URL of ``http://127.0.0.1:PORT/scenario/NAME/v1`` plays one for the keys that have it;
``SMELT_STANDIN_SCENARIO`` plays one for all. docs/providers.md lists them.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from deploy.local.provider_rules import Rule, Script

SCENARIO = "/scenario/"


@dataclass(frozen=True)
class Scenario:
    """What a provider does, in words and as a script, which is made when it is first played."""

    what: str
    make: Callable[[], Script]

    @cached_property
    def script(self) -> Script:
        return self.make()


def _plays(what: str, *rules: Rule, **script: Any) -> Scenario:
    return Scenario(what, lambda: Script(rules=rules, **script))


def _says(status: int, body: Any, **more: Any) -> Rule:
    """A rule that answers with a status and a body, which is text or becomes JSON."""
    content = body if isinstance(body, str) else orjson.dumps(body).decode()
    return Rule(action="raw", status=status, content=content, **more)


def _answers(content: Any, finish: str | None = "stop", **more: Any) -> Rule:
    """A rule that answers 200 with a message."""
    conditions = {name: more.pop(name) for name in ("first", "sends") if name in more}
    message = {"role": "assistant", "content": content}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": finish}], **more}
    return _says(200, body, **conditions)


def _error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def _packed(megabytes: int) -> Script:
    """A script whose answers unpack to some megabytes of blanks before the message."""
    body = b" " * (megabytes * 1_000_000) + orjson.dumps({"choices": [{"message": {"content": "Hello"}}]})
    content = base64.b64encode(gzip.compress(body)).decode()
    headers = {"content-encoding": "gzip"}
    return Script(rules=(Rule(action="raw", status=200, content_base64=content, headers=headers),))


_EVENTS = "\n\n".join(
    "data: " + orjson.dumps(each).decode()
    for each in (
        {"choices": [{"delta": {"role": "assistant", "content": "Hello "}}]},
        {"choices": [{"delta": {"content": "there"}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}},
    )
)
_PAGE = "<!doctype html><html><head><title>403 Forbidden</title></head><body>Blocked</body></html>"
_REFUSED_FORMAT = "'response_format.type' : value is not one of the allowed values ['text']"
_THOUGHT = {"role": "assistant", "reasoning": "First, I need to find out what the user wants"}
_TOO_LARGE = "Request too large for stand-in on tokens per min (TPM): Limit 30000, Requested 41234."
_USAGE = {"prompt_tokens": 40, "completion_tokens": 500, "total_tokens": 540}

SCENARIOS: dict[str, Scenario] = {
    # Parts of a request that are refused.
    "extra-forbidden": _plays(
        "422 for a temperature, as a list of places",
        _says(
            422,
            {"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Not permitted"}]},
            sends="temperature",
        ),
    ),
    "unknown-name": _plays(
        "400 for a temperature, as an error within a list",
        _says(400, [_error('Unknown name "temperature": Cannot find field.')], sends="temperature"),
    ),
    "flat-error": _plays(
        "400 for a temperature, without the word error",
        _says(
            400,
            {
                "message": "property 'temperature' is unsupported",
                "param": "temperature",
                "code": "wrong_format",
            },
            sends="temperature",
        ),
    ),
    "one-temperature": _plays(
        "400 for a temperature that is not 1",
        _says(400, _error("invalid temperature: only 1 is allowed for this model"), sends="temperature"),
    ),
    "no-json-schema": _plays(
        "400 for a JSON schema",
        _says(400, _error("This response_format type is unavailable now"), sends="json_schema"),
        _answers('{"score": 7}'),
    ),
    "no-response-format": _plays(
        "400 for any response_format, and JSON among words where it is asked for in words",
        _says(400, _error(_REFUSED_FORMAT), sends="response_format"),
        _answers('Here is the JSON:\n```json\n{"score": 7}\n```'),
    ),
    "no-system-role": _plays(
        "400 for a system message",
        _says(400, {"object": "error", "message": "System role not supported", "code": 400}, sends="system"),
    ),
    # Answers that are not whole.
    "cut-off": _plays(
        "answers that end at the limit of tokens", _answers("Hello th", "MAX_TOKENS", usage=_USAGE)
    ),
    "only-thought": _plays(
        "answers whose tokens were all spent on thinking",
        _says(200, {"choices": [{"finish_reason": "length", "message": _THOUGHT}], "usage": _USAGE}),
    ),
    "filtered": _plays("answers that a filter ended", _answers("", "SAFETY")),
    "broken-off": _plays(
        "each first answer broken off by the provider",
        _answers("Hello th", "insufficient_system_resource", first=1),
    ),
    "no-choices": _plays(
        "each first answer without choices", _says(200, {"choices": [], "usage": _USAGE}, first=1)
    ),
    "error-in-200": _plays(
        "each first call refused with 502 inside of a 200",
        _says(200, _error("Provider returned error", code=502), first=1),
    ),
    "unknown-end": _plays(
        "answers that end for a reason that nobody knows", _answers("Hello there", "vibes")
    ),
    # Answers in another form.
    "parts": _plays(
        "answers in parts, one of them thoughts",
        _answers([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hello there"}]),
    ),
    "think-tags": _plays("thoughts before the answer", _answers("<think>\nhm\n</think>\n\nHello there")),
    "events": _plays("events in place of an answer", _says(200, _EVENTS)),
    "packed": Scenario("packed answers that nobody asked for", lambda: _packed(0)),
    # Money, contents and keys that are refused.
    "no-credits": _plays(
        "429 without credits", _says(429, _error("You have no credits left", code="credit_balance_exhausted"))
    ),
    "low-balance": _plays(
        "403 for a low balance", _says(403, {"reason": "NOT_ENOUGH_BALANCE", "message": "not enough balance"})
    ),
    "flagged-prompts": _plays(
        "403 for prompts with the word flagged",
        _says(
            403,
            _error("Your input was flagged", code=403, metadata={"reasons": ["harassment"]}),
            contains="flagged",
        ),
    ),
    "blocked-pages": _plays(
        "403 with a page for prompts with the word blocked", _says(403, _PAGE, contains="blocked")
    ),
    # Limits.
    "daily-headers": _plays(
        "headers that tell a day's allowance",
        headers={
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-remaining-requests": "9999",
            "x-ratelimit-reset-requests": "8.64s",
        },
    ),
    "stray-429": _plays(
        "429 with Retry-After for one first call in five",
        Rule(action="status", status=429, retry_after=4.0, share=0.2, first=1),
    ),
    "all-429": _plays(
        "429 with Retry-After for the first five calls",
        Rule(action="status", status=429, retry_after=1.0, at_most=5),
    ),
    "wait-in-words": _plays(
        "429 that says in words when to try again",
        _says(429, _error("Resource exhausted. Please retry after 1 seconds."), at_most=5),
    ),
    "wait-in-details": _plays(
        "429 that says in its details when to try again",
        _says(
            429,
            _error("Quota exceeded", status="RESOURCE_EXHAUSTED", details=[{"retryDelay": "1s"}]),
            at_most=5,
        ),
    ),
    "too-large": _plays(
        "429 for ever for prompts with the word large", _says(429, _error(_TOO_LARGE), contains="large")
    ),
    # Counts.
    "no-usage": _plays("answers without counts", Rule(action="usage")),
    "usage-of-floats": _plays(
        "counts with a point", Rule(action="usage", usage={"prompt_tokens": 40.0, "completion_tokens": 12.0})
    ),
    "usage-of-thoughts": _plays(
        "counts of thoughts beside those of the answer",
        Rule(
            action="usage",
            usage={
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 650,
                "completion_tokens_details": {"reasoning_tokens": 500},
            },
        ),
    ),
    # Outages and slowness.
    "outage": _plays("503 for the first twenty seconds", Rule(action="status", status=503, until_seconds=20)),
    "down": _plays("503 for ever", Rule(action="status", status=503)),
    "slow": _plays("answers after 70 seconds", Rule(action="slow", seconds=70)),
    # Hostile answers.
    "bomb": Scenario("answers that unpack to 200 MB", lambda: _packed(200)),
    "deep": _plays("answers of 10,000 lists in each other", _says(200, "[" * 10_000 + "]" * 10_000)),
    "long-number": _plays(
        "a count of 10,000 digits", _says(200, '{"usage":{"prompt_tokens":' + "9" * 10_000 + "}}")
    ),
    "half-character": _plays(
        "answers with half of a character", _says(200, '{"choices":[{"message":{"content":"a\\ud83d"}}]}')
    ),
    "many-headers": _plays(
        "answers with 2,000 headers",
        Rule(
            action="raw",
            status=200,
            content="{}",
            headers={f"x-{number}": "y" * 20 for number in range(2000)},
        ),
    ),
    "key-in-answer": _plays("answers that repeat the key", Rule(action="key_echo")),
}
