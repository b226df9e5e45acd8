"""What providers refuse with, in many words and shapes, and what comes of each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.processor.provider.dialect.refusals import judge
from services.processor.provider.failures import Failure, Verdict

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
SENT = ("temperature", "store", "stream", "system", "json_schema", "max_tokens")


def judged(status: int, body: Any, headers: dict[str, str] | None = None, sent: Any = SENT) -> Failure:
    raw = (
        body
        if isinstance(body, bytes)
        else body.encode()
        if isinstance(body, str)
        else json.dumps(body).encode()
    )
    return judge(status, raw, headers or {}, NOW, sent=sent, model="m-1")


def error(message: str, **more: object) -> dict[str, object]:
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize(
    ("status", "body", "part"),
    [
        # The first of each group is from public reports; the others are neighbours of it.
        (
            422,
            {
                "detail": [
                    {
                        "type": "extra_forbidden",
                        "loc": ["body", "store"],
                        "msg": "Extra inputs are not permitted",
                    }
                ]
            },
            "store",
        ),
        (
            422,
            {
                "detail": [
                    {"loc": ["body", "temperature"], "msg": "Input should be less than or equal to 0.5"}
                ]
            },
            "temperature",
        ),
        (
            422,
            {
                "message": {"detail": [{"loc": ["body", "store"], "msg": "extra fields not permitted"}]},
                "object": "error",
            },
            "store",
        ),
        (
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": 'Invalid JSON payload received. Unknown name "store": Cannot find field.',
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
            "store",
        ),
        (
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": "Invalid value at 'temperature' (TYPE_FLOAT), \"x\"",
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
            "temperature",
        ),
        (
            400,
            {
                "message": "body.store: property 'store' is unsupported",
                "param": "store",
                "code": "wrong_api_format",
            },
            "store",
        ),
        (400, {"msg": 'unknown field "store"'}, "store"),
        (400, {"errors": ["Unrecognized request argument supplied: store"]}, "store"),
        (400, "property store is not allowed", "store"),
        (400, json.dumps("`store` is not supported"), "store"),
        (400, error("invalid temperature: only 1 is allowed for this model"), "temperature"),
        (400, error("The model doesn't support the temperature parameter"), "temperature"),
        (
            400,
            error(
                "Unsupported value: 'temperature' does not support 0.2 with this model.",
                param="temperature",
                code="unsupported_value",
            ),
            "temperature",
        ),
        (400, error("`temperature` is deprecated for this model."), "temperature"),
        (400, error("Argument not supported on this model: temperature"), "temperature"),
        (400, error("This response_format type is unavailable now"), "json_schema"),
        (
            400,
            error("'response_format.type' : value is not one of the allowed values ['text','json_object']"),
            "json_schema",
        ),
        (
            400,
            error(
                "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
            ),
            "json_schema",
        ),
        (400, error("structured outputs are not supported for this model"), "json_schema"),
        (400, {"object": "error", "message": "System role not supported", "code": 400}, "system"),
        (400, error("Developer instruction is not enabled for models/gemma-3-27b-it"), "system"),
        (400, error("Conversation roles must alternate user/assistant/user/assistant/..."), "system"),
        (400, error("messages[0].role: 'system' is not one of ['user', 'assistant']"), "system"),
        (
            400,
            error(
                "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
                param="max_tokens",
                code="unsupported_parameter",
            ),
            "max_tokens",
        ),
        (400, error("Unknown parameter: max_tokens"), "max_tokens"),
        (400, error("Stream options are not supported: stream"), "stream"),
        (501, error("temperature is not supported"), "temperature"),
        (500, {"error": 'json: unknown field "store"'}, "store"),
        (404, error("No endpoints found that support the requested parameters: temperature"), "temperature"),
        (
            400,
            error(
                "Provider returned error", metadata={"raw": '{"detail":"store: extra fields not permitted"}'}
            ),
            "store",
        ),
    ],
)
def test_a_refused_part_is_found_in_any_words(status: int, body: Any, part: str) -> None:
    found = judged(status, body)
    assert (found.verdict, set(found.parts)) == (Verdict.ROW_FAILS, {part}), found


def test_several_refused_parts_are_found_at_once_and_only_sent_ones() -> None:
    body = {
        "detail": [
            {"loc": ["body", "store"], "msg": "extra"},
            {"loc": ["body", "response_format"], "msg": "extra"},
        ]
    }
    assert judged(422, body).parts == {"store", "json_schema"}
    assert judged(422, body, sent=("json_schema",)).parts == {"json_schema"}
    assert judged(422, body, sent=()).parts == frozenset()


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens is too large: 99999. This model supports at most 4096 completion tokens",
        "'max_tokens' must be between 1 and 8192",
        "This model's maximum context length is 8192 tokens, you requested 9000 tokens; lower max_tokens",
    ],
)
def test_a_limit_that_is_too_high_is_not_left_out(message: str) -> None:
    found = judged(400, error(message))
    assert (found.verdict, found.parts) == (Verdict.ROW_FAILS, frozenset())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, error("You have no credits left", type="billing_error", code="credit_balance_exhausted")),
        (
            429,
            error(
                "You exceeded your current quota, please check your plan and billing details.",
                type="insufficient_quota",
                code="insufficient_quota",
            ),
        ),
        (429, error("Sorry", type="insufficient_quota")),
        (400, error("Your credit balance is too low to access the API.")),
        (400, error("Insufficient account balance")),
        (403, {"reason": "NOT_ENOUGH_BALANCE", "message": "not enough balance"}),
        (403, {"error": "Your account has run out of funds"}),
        (
            429,
            {
                "error": {
                    "code": "1113",
                    "message": "Insufficient balance or no resource package. Please recharge.",
                }
            },
        ),
        (402, ""),
        (402, "<html><body>Payment</body></html>"),
        (402, {"detail": "Insufficient Balance"}),
        (
            402,
            {"error": {"code": 402, "message": "This request requires more credits, or fewer max_tokens."}},
        ),
        (429, {"error": {"message": "Monthly spend limit reached"}}),
        (
            429,
            {
                "error": {
                    "message": "You exceeded your current quota, please check your plan and billing details."
                }
            },
        ),
        (403, {"detail": "Your account has an overdue balance"}),
    ],
)
def test_no_money_pauses_at_once(status: int, body: Any) -> None:
    found = judged(status, body)
    assert (found.verdict, found.reason, found.parts) == (
        Verdict.JOB_PAUSES,
        "PROVIDER_QUOTA",
        frozenset(),
    ), found


def test_a_quota_that_refills_is_a_rate_limit() -> None:
    body = [
        {
            "error": {
                "code": 429,
                "status": "RESOURCE_EXHAUSTED",
                "message": "You exceeded your current quota, please check your plan and billing details.",
                "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "4s"}],
            }
        }
    ]
    found = judged(429, body)
    assert (found.verdict, found.wait_seconds) == (Verdict.RATE, 4.0)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            403,
            {
                "error": {
                    "code": 403,
                    "message": "Your chosen model requires moderation and your input was flagged",
                    "metadata": {"reasons": ["harassment"]},
                }
            },
        ),
        (403, {"error": {"message": "Blocked due to safety reasons"}}),
        (
            400,
            error(
                "Filtered due to the prompt triggering the content management policy",
                code="content_filter",
            ),
        ),
        (400, error("Content Exists Risk", code="invalid_request_error")),
        (400, {"code": "DataInspectionFailed", "message": "Input data may contain inappropriate content."}),
        (400, {"error": {"code": "1301", "message": "系统检测到输入内容可能包含不安全或敏感内容"}}),
        (
            400,
            error(
                "Your request was rejected as a result of our safety system.", code="content_policy_violation"
            ),
        ),
        (422, {"detail": "prompt violates our usage policy"}),
        (451, {"message": "Prohibited content"}),
    ],
)
def test_refused_content_fails_the_row(status: int, body: Any) -> None:
    found = judged(status, body)
    assert (found.verdict, found.reason) == (Verdict.ROW_FAILS, "CONTENT_FILTERED"), found


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, ""),
        (401, error("Incorrect API key provided", code="invalid_api_key")),
        (
            400,
            error(
                "API key not valid. Please pass a valid API key.",
                status="INVALID_ARGUMENT",
                details=[{"reason": "API_KEY_INVALID"}],
            ),
        ),
        (403, error("Invalid API key")),
        (403, {"error": {"code": "account_deactivated", "message": "x"}}),
        (404, {"message": "Unauthorized"}),
    ],
)
def test_a_refused_key_pauses(status: int, body: Any) -> None:
    found = judged(status, body)
    assert (found.verdict, found.reason) == (Verdict.JOB_PAUSES, "PROVIDER_AUTH"), found
    # While other calls are answered, only a 401 is certainly about the key.
    assert (found.if_answered is None) == (status == 401)


@pytest.mark.parametrize(
    "body",
    ["<html><head><title>403</title></head><body>Access denied</body></html>", "", {"message": "Forbidden"}],
)
def test_a_403_that_names_no_cause_is_the_rows_while_others_are_answered(body: Any) -> None:
    found = judged(403, body)
    assert (found.verdict, found.reason) == (Verdict.JOB_PAUSES, "PROVIDER_AUTH")
    assert found.if_answered is not None
    assert (found.if_answered.verdict, found.if_answered.reason) == (Verdict.ROW_FAILS, "PROVIDER_REJECTED")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            404,
            error(
                "The model `gpt-9` does not exist or you do not have access to it.", code="model_not_found"
            ),
        ),
        (400, error("gpt-9 is not a valid model ID", code=400)),
        (404, {"error": "model 'llama9' not found, try pulling it first"}),
        (404, error("models/gemini-9 is not found for API version v1beta")),
        (
            400,
            error(
                "The model `llama-2` has been decommissioned and is no longer supported.",
                code="model_decommissioned",
            ),
        ),
        (404, error("The API deployment for this resource does not exist.", code="DeploymentNotFound")),
        (400, {"object": "error", "message": "Invalid model: mistral-huge", "type": "invalid_model"}),
        (404, error("No endpoints found for x/y.")),
    ],
)
def test_an_unknown_model_is_named(status: int, body: Any) -> None:
    found = judged(status, body)
    assert (found.verdict, found.reason, found.parts) == (
        Verdict.ROW_FAILS,
        "PROVIDER_REJECTED",
        frozenset(),
    ), found
    assert "does not offer the model m-1" in found.message


@pytest.mark.parametrize(
    "message",
    [
        "Request too large for m on tokens per min (TPM): Limit 30000, Requested 41234. Visit",
        "Rate limit reached on tokens per min. Limit: 30,000 / min. Requested: 41,234.",
        "Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 7241",
        "Token limit 8000 exceeded: requested 9001 tokens",
    ],
)
def test_a_request_that_never_fits_fails_its_row(message: str) -> None:
    assert judged(429, error(message)).verdict is Verdict.ROW_FAILS
    assert judged(413, error(message)).verdict is Verdict.ROW_FAILS


def test_a_request_that_fits_later_waits() -> None:
    found = judged(
        429,
        error(
            "Rate limit reached on TPM: Limit 6000, Used 5800, Requested 900. Please try again in 7m12.5s."
        ),
    )
    assert (found.verdict, found.wait_seconds) == (Verdict.RATE, 432.5)


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "4"}, "", 4.0),
        ({"retry-after": "4.5"}, "", 4.5),
        ({"retry-after": "4s"}, "", 4.0),
        ({"retry-after": "1m30s"}, "", 90.0),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:07 GMT"}, "", 7.0),
        ({"retry-after": "2026-11-30T12:00:07Z"}, "", 7.0),
        ({"retry-after-ms": "350", "retry-after": "9"}, "", 0.35),
        ({"retry-after": "99999999"}, "", 3600.0),
        ({"retry-after": "-3"}, "", None),
        ({"retry-after": "nan"}, "", None),
        ({"retry-after": "soon"}, "", None),
        ({"x-ratelimit-reset": "8"}, "", 8.0),
        ({"x-ratelimit-reset": "1796040008"}, "", 8.0),
        ({"x-ratelimit-reset": "1796040008000"}, "", 8.0),
        ({"x-ratelimit-reset-requests": "8.64s"}, "", 8.64),
        ({"x-ratelimit-reset-tokens": "6m0s"}, "", 360.0),
        ({"x-ratelimit-reset-requests": "250ms"}, "", 0.25),
        ({"retry-after": "2", "x-ratelimit-reset": "30"}, "", 2.0),
        ({}, error("Please retry after 4 seconds."), 4.0),
        ({}, error("Please try again in 20s. Contact us"), 20.0),
        ({}, error("Please try again in 350ms."), 0.35),
        ({}, error("Try again in 50m3s"), 3003.0),
        ({}, error("Please wait 2 minutes before trying again"), 120.0),
        ({}, error("x", details=[{"retryDelay": "4s"}]), 4.0),
        ({}, error("x", details=[{"retryDelay": "4.25s"}]), 4.25),
        ({}, error("x", metadata={"retry_after_ms": 1500}), 1.5),
        ({}, error("x", retry_after=3), 3.0),
        ({}, error("no more than 4 s"), None),
        ({}, "", None),
    ],
)
def test_a_wait_is_found_wherever_it_is_said(
    headers: dict[str, str], body: Any, seconds: float | None
) -> None:
    found = judged(429, body, headers)
    assert (found.verdict, found.reason) == (Verdict.RATE, "PROVIDER_RATE_LIMITED")
    assert found.wait_seconds == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("status", "body", "verdict", "is_outage"),
    [
        (503, "", Verdict.AGAIN, True),
        (502, "<html>Bad gateway</html>", Verdict.AGAIN, True),
        (504, "", Verdict.AGAIN, True),
        (522, "", Verdict.AGAIN, True),
        (529, error("Overloaded", type="overloaded_error"), Verdict.AGAIN, True),
        (500, error("The server had an error"), Verdict.AGAIN, False),
        (408, "", Verdict.AGAIN, False),
        (400, error("Model is overloaded, please try again later"), Verdict.AGAIN, False),
        (424, error("upstream timed out"), Verdict.AGAIN, False),
        (503, error("Too many requests", code="rate_limit_exceeded"), Verdict.RATE, False),
        (400, {"error": {"code": "ThrottlingException", "message": "x"}}, Verdict.RATE, False),
        (400, error("bad"), Verdict.ROW_FAILS, False),
        (418, "", Verdict.ROW_FAILS, False),
        (302, "", Verdict.ROW_FAILS, False),
    ],
)
def test_what_passes_is_tried_again(status: int, body: Any, verdict: Verdict, is_outage: bool) -> None:
    found = judged(status, body)
    assert (found.verdict, found.is_outage) == (verdict, is_outage), found


def test_what_a_model_needs_to_load_is_waited_for() -> None:
    found = judged(503, {"error": "Model x is currently loading", "estimated_time": 20.0})
    assert (found.verdict, found.wait_seconds) == (Verdict.AGAIN, 20.0)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (error("In words"), "In words"),
        ({"detail": "In words"}, "In words"),
        ([{"error": {"message": "In words", "status": "X"}}], "In words"),
        ("In words", "In words"),
        (json.dumps("In words"), "In words"),
        ("<html><head><style>p{}</style></head><body><p>In&nbsp;words</p></body></html>", "In words"),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": '{"message":"In words"}'}}},
            "Provider returned error",
        ),
        ({"error": "nope"}, "nope"),
        (b"\xff\xfe\x00", "\ufffd\ufffd\x00"),
        ({}, ""),
        ("", ""),
        ("null", ""),
    ],
)
def test_the_providers_own_words_are_kept(body: Any, said: str) -> None:
    assert judged(400, body).said == said


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000 + b"]" * 10_000,
        b'{"error":' * 500 + b"1" + b"}" * 500,
        b'{"a":"' + b"x" * 2_000_000,
        b'["' + b'","'.join([b"temperature"] * 100_000) + b'"]',
        b'{"n":' + b"9" * 10_000 + b"}",
        b"<" * 1_000_000,
        b'{"error":{"message":"\\ud800"}}',
        b"try again in " * 5_000,
        b"limit " * 5_000 + b"requested " * 5_000,
        b"model " * 10_000,
    ],
)
def test_a_hostile_refusal_is_judged_all_the_same(body: bytes) -> None:
    found = judged(429, body)
    assert found.verdict in (Verdict.RATE, Verdict.ROW_FAILS)
    assert len(found.said) <= 6_000
