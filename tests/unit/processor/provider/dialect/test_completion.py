"""What providers answer a prompt with under a 200, in the shapes that they really send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.processor.provider.dialect import completion
from services.processor.provider.dialect.completion import said_by
from services.processor.provider.dialect.counts import Counts
from services.processor.provider.dialect.documents import MOST_CONTAINERS


def said(
    content: Any = "The answer", finish: Any = "stop", usage: Any = None, **message: Any
) -> completion.Said:
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    body: dict[str, Any] = {"choices": [choice]}
    if usage is not None:
        body["usage"] = usage
    return said_by(json.dumps(body).encode())


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("The answer", "The answer"),
        (
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "The answer"},
            ],
            "The answer",
        ),
        ([{"type": "text", "text": "The "}, {"type": "text", "text": "answer"}], "The answer"),
        ([{"type": "reasoning", "text": "hm"}, {"type": "output_text", "text": "The answer"}], "The answer"),
        ([{"text": "The answer"}], "The answer"),
        (["The ", "answer"], "The answer"),
        ({"type": "text", "text": "The answer"}, "The answer"),
        ([{"type": "text", "text": {"value": "The answer", "annotations": []}}], "The answer"),
        ([{"type": "image_url", "image_url": "x"}], ""),
        (None, ""),
        (7, ""),
        ([], ""),
        ([None, 3, {"type": 5}], ""),
    ],
)
def test_the_texts_of_a_message_are_joined(content: Any, text: str) -> None:
    assert said(content).text == text


@pytest.mark.parametrize(
    "content",
    [
        "<think>\nhm\n</think>\n\nThe answer",
        "  <think></think>The answer",
        "<THINK>hm</THINK>\nThe answer",
        "<thinking>hm</thinking>The answer",
        "<thought>hm</thought>The answer",
        "<think>a</think><think>b</think>The answer",
        "hm, let me see\n</think>\n\nThe answer",
        "[THINK]hm[/THINK]The answer",
        "◁think▷hm◁/think▷The answer",
        "<|channel|>analysis<|message|>hm<|end|><|channel|>final<|message|>The answer<|return|>",
    ],
)
def test_thinking_is_taken_off(content: str) -> None:
    found = said(content)
    assert (found.text, found.had_thinking) == ("The answer", True)


@pytest.mark.parametrize(
    "content",
    [
        "Write <think> and </think> around it",
        "<b>The answer</b>",
        "I think: yes",
        "Thinking of you",
        "The tag <thinking>x</thinking> is in the middle",
    ],
)
def test_an_answer_about_thinking_stays_whole(content: str) -> None:
    found = said(content)
    assert (found.text, found.had_thinking) == (content, False)


def test_thinking_without_an_end_is_no_answer() -> None:
    assert (said("<think>hm", "length").text, said("<think>hm").had_thinking) == ("", True)
    assert said(None, "length", reasoning="hm").text == ""
    assert said("The answer", reasoning_content="hm").text == "The answer"


def events(*documents: Any, end: str = "\n\n", done: bool = True) -> bytes:
    lines = [
        f"data: {document if isinstance(document, str) else json.dumps(document)}" for document in documents
    ]
    return (end.join(lines + ["data: [DONE]"] * done) + end).encode()


def delta(text: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "choices": [
            {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
        ],
        **more,
    }


def test_events_that_nobody_asked_for_are_put_together() -> None:
    for end in ("\n\n", "\r\n\r\n", "\r\r"):
        for done in (True, False):
            body = events(
                delta("The "),
                delta("answer"),
                delta(finish="stop"),
                {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
                end=end,
                done=done,
            )
            found = said_by(body)
            assert (found.text, found.finish, found.counts) == ("The answer", "stop", Counts(3, 2))
    assert said_by(b": keep-alive\n\n" + events(delta("The answer", "stop"))).text == "The answer"
    assert said_by(events(delta("<think>hm"), delta("</think>The answer", "stop"))).text == "The answer"


def test_events_that_break_off_or_fail_are_no_answer() -> None:
    assert said_by(events(delta("The "), '{"choices":[')).is_unreadable
    assert said_by(events("[1]")).is_unreadable
    assert said_by(events(delta("The "), {"error": {"message": "x", "code": 502}})).error == {
        "message": "x",
        "code": 502,
    }
    assert said_by(events(delta("The "), done=False)).finish == ""


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"error": {"message": "Provider returned error", "code": 502}},
            {"message": "Provider returned error", "code": 502},
        ),
        ({"error": "overloaded"}, "overloaded"),
        (
            {
                "choices": [
                    {
                        "error": {"code": 429, "message": "x"},
                        "finish_reason": "error",
                        "message": {"content": "half"},
                    }
                ]
            },
            {"code": 429, "message": "x"},
        ),
        ({"message": "no", "code": 403}, {"message": "no", "code": 403}),
        ([{"error": {"code": 400}}], {"code": 400}),
    ],
)
def test_a_failure_in_the_clothes_of_a_200_is_seen(body: Any, error: Any) -> None:
    found = said_by(json.dumps(body).encode())
    assert (found.error, found.text) == (error, "")


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}, Counts(100, 50)),
        ({"prompt_tokens": 100.0, "completion_tokens": 50.0}, Counts(100, 50)),
        ({"prompt_tokens": "100", "completion_tokens": "50"}, Counts(100, 50)),
        (
            {"prompt_tokens": 100, "completion_tokens": 50, "reasoning_tokens": 500, "total_tokens": 650},
            Counts(100, 550),
        ),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 550,
                "completion_tokens_details": {"reasoning_tokens": 500},
                "total_tokens": 650,
            },
            Counts(100, 550),
        ),
        ({"prompt_tokens": 100, "total_tokens": 650}, Counts(100, 550)),
        ({"prompt_tokens": 100, "completion_tokens": 0, "total_tokens": 100}, Counts(100, 0)),
        ({"input_tokens": 100, "output_tokens": 50}, Counts(100, 50)),
        ({"prompt_tokens": 100, "completion_tokens": None}, Counts(100, None)),
        ({"prompt_tokens": -1, "completion_tokens": 1e99}, Counts()),
        ({"prompt_tokens": True, "completion_tokens": "many"}, Counts()),
        ({}, Counts()),
        ([], Counts()),
        (7, Counts()),
        (None, Counts()),
    ],
)
def test_counts_are_read_as_they_are_billed_and_missing_ones_are_missing(usage: Any, counts: Counts) -> None:
    body = json.dumps({"choices": [{"message": {"content": "x"}}], "usage": usage}).encode()
    assert said_by(body).counts == counts


@pytest.mark.parametrize(
    ("finish", "meaning"),
    [
        *[
            (word, completion.CUT_OFF)
            for word in ("length", "max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens")
        ],
        *[
            (word, completion.FILTERED)
            for word in ("content_filter", "SAFETY", "sensitive", "RECITATION", "PROHIBITED_CONTENT")
        ],
        *[
            (word, completion.BROKEN_OFF)
            for word in ("error", "abort", "network_error", "insufficient_system_resource", "timeout")
        ],
        *[(word, completion.WHOLE) for word in (None, "stop", "eos", "end_turn", "STOP", "")],
    ],
)
def test_every_end_has_one_meaning(finish: str | None, meaning: frozenset[str]) -> None:
    kinds = (completion.CUT_OFF, completion.FILTERED, completion.BROKEN_OFF, completion.WHOLE)
    assert [kind for kind in kinds if said("x", finish).finish in kind] == [meaning]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"7",
        b'"x"',
        b"{}",
        b'{"choices":[]}',
        b'{"choices":{}}',
        b'{"choices":[[]]}',
        b'{"choices":[7]}',
        b"\xff\xfe",
        b"[" * 10_000 + b"]" * 10_000,
        b'{"choices":[{"message":{"content":"\\ud800"}}]}',
        b'{"choices":[{"message":{"content":"x"},"index":' + b"9" * 10_000 + b"}}",
    ],
)
def test_what_is_no_answer_is_called_so(body: bytes) -> None:
    found = said_by(body)
    assert (found.text, found.is_unreadable) == ("", True)


def test_an_empty_list_of_choices_keeps_its_counts() -> None:
    found = said_by(b'{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":500}}')
    assert (found.is_unreadable, found.counts) == (True, Counts(5, 500))


@pytest.mark.promise("S59")
@pytest.mark.parametrize("shape", [b"%s", b"data: %s\n\n"])
def test_a_body_of_more_lists_than_a_megabyte_may_have_is_not_read(shape: bytes) -> None:
    answer = b'{"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}], "x": [%s]}'
    few = MOST_CONTAINERS - 10
    assert said_by(shape % (answer % b",".join([b"[]"] * few))).text == "Hi"
    assert said_by(shape % (answer % b",".join([b"[]"] * MOST_CONTAINERS))).is_unreadable
