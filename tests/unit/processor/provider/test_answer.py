"""Which bodies of a provider are answers, and which are not."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.processor.provider.answer import Answer, Unusable, error_object, read_completion
from services.processor.provider.failures import FILTERED, MALFORMED, TRUNCATED, Failure


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
def test_tokens_of_another_type_count_nothing(usage: Any) -> None:
    assert read_completion(body(usage=usage)) == Answer(("Hello",), 0, 0)


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
        (body(content="", finish="length"), TRUNCATED),
        (body(finish="content_filter"), FILTERED),
        (body(content=None, refusal="I will not"), FILTERED),
    ],
)
def test_what_is_no_answer(data: bytes, failure: Failure) -> None:
    said = read_completion(data)
    assert isinstance(said, Unusable)
    assert said.failure == failure


def test_an_answer_that_was_cut_off_still_costs_its_tokens() -> None:
    assert read_completion(body(finish="length")) == Unusable(TRUNCATED, 3, 4)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_a_failure(data: bytes) -> None:
    assert isinstance(read_completion(data), Answer | Unusable)
    assert isinstance(error_object(data), dict)


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
    assert isinstance(error_object(data), dict)
