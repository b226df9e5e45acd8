"""Which bodies of a provider are answers, and which are not."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.processor.provider.answer import Answer, Unusable, read_completion
from services.processor.provider.dialect.refusals import judge
from services.processor.provider.failures import (
    BROKEN_OFF,
    FILTERED,
    MALFORMED,
    TRUNCATED,
    TRUNCATED_THINKING,
    Failure,
    Verdict,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def body(content: Any = "Hello", finish: Any = "stop", usage: Any = None, **message: Any) -> bytes:
    return orjson.dumps(
        {
            "choices": [{"message": {"content": content, **message}, "finish_reason": finish}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 4} if usage is None else usage,
        }
    )


def test_a_right_answer_gives_text_and_tokens() -> None:
    assert read_completion(body()) == Answer(("Hello",), 3, 4)


@pytest.mark.parametrize(
    "usage", ["many", 7, [], {"prompt_tokens": "x", "completion_tokens": -1}, {"prompt_tokens": True}]
)
def test_tokens_of_another_type_are_missing(usage: Any) -> None:
    assert read_completion(body(usage=usage)) == Answer(("Hello",))


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (b"", MALFORMED),
        (b"<html>", MALFORMED),
        (b"[]", MALFORMED),
        (b"null", MALFORMED),
        (b'{"choices": []}', MALFORMED),
        (b'{"choices": [{}]}', MALFORMED),
        (b'{"choices": [{"message": null}]}', MALFORMED),
        (b'{"choices": {"0": 1}}', MALFORMED),
        (body(content=None), MALFORMED),
        (body(content=""), MALFORMED),
        (body(content="  \n"), MALFORMED),
        (body(content={"text": 42}), MALFORMED),
        (body(content="a\0b"), MALFORMED),
        (body(finish="length"), TRUNCATED),
        (body(content="", finish="length"), TRUNCATED_THINKING),
        (body(finish="content_filter"), FILTERED),
        (body(content=None, refusal="I will not"), FILTERED),
        (body(finish="error"), BROKEN_OFF),
        (body(finish="network_error"), BROKEN_OFF),
        (body(content="<think>hm", finish="length"), TRUNCATED_THINKING),
    ],
)
def test_what_is_no_answer(data: bytes, failure: Failure) -> None:
    said = read_completion(data)
    assert isinstance(said, Unusable)
    assert said.failure == failure


def test_an_answer_that_was_cut_off_still_costs_its_tokens() -> None:
    assert read_completion(body(finish="length")) == Unusable(TRUNCATED, 3, 4, made="Hello")


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        ({"message": "Provider returned error", "code": 502}, Verdict.AGAIN),
        ({"message": "slow down", "code": 429}, Verdict.RATE),
        ({"message": "slow down", "code": "429"}, Verdict.RATE),
        ({"message": "slow down", "type": "rate_limit_exceeded"}, Verdict.RATE),
        ("overloaded", Verdict.AGAIN),
        ({"message": "who knows"}, Verdict.AGAIN),
        ({"message": "Incorrect API key provided"}, Verdict.JOB_PAUSES),
        ({"message": "You have no credits left"}, Verdict.JOB_PAUSES),
        ({"message": "temperature is not supported"}, Verdict.ROW_FAILS),
    ],
)
def test_an_error_inside_a_200_means_what_it_means_outside(error: Any, verdict: Verdict) -> None:
    said = read_completion(orjson.dumps({"error": error, "usage": {"prompt_tokens": 3}}), {"temperature": 1})
    assert isinstance(said, Unusable)
    assert (said.failure.verdict, said.input_tokens) == (verdict, 3)


def test_an_end_that_nobody_knows_is_taken_and_noted() -> None:
    assert read_completion(body(finish="Vibes")) == Answer(("Hello",), 3, 4, unknown_finish="vibes")


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_a_failure(data: bytes) -> None:
    assert isinstance(read_completion(data), Answer | Unusable)
    assert isinstance(judge(400, data, {}, NOW), Failure)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "finish_reason", "usage", "error"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_an_answer_or_a_failure(document: Any) -> None:
    data = orjson.dumps(document)
    assert isinstance(read_completion(data), Answer | Unusable)
    assert isinstance(judge(400, data, {}, NOW), Failure)
