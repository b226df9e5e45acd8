"""The fuzzer's judge itself: it lets good answers pass and sees each way in which one can be wrong."""

import json
from typing import Any

import pytest

from gateway.errors import INTERNAL, SECURITY_HEADERS, Refusal, body
from tests.fuzz.http import Received
from tests.fuzz.judge import fault

JSON = {**SECURITY_HEADERS, "content-type": "application/json"}
SAID = body(Refusal(404, 5, "FILE_NOT_FOUND", "File not found"))


def refusal(said: Any = SAID, *, headers: dict[str, str] | None = None) -> Received:
    content = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Received(404, {**JSON, "content-length": str(len(content)), **(headers or {})}, content)


GOOD = [
    refusal(),
    Received(200, JSON, b'{"a": 1}'),
    Received(200, {**SECURITY_HEADERS, "content-type": "text/csv"}, b"\xff"),
    Received(200, {**SECURITY_HEADERS, "content-type": "text/event-stream"}, b"data: {", whole=False),
]
BAD = {
    "500": Received(500, JSON, json.dumps(body(INTERNAL)).encode()),
    "no answer": Received(599),
    "no security header": Received(404, {"content-type": "application/json"}, json.dumps(SAID).encode()),
    "inner header": refusal(headers={"x-envoy-attempt-count": "1"}),
    "header of bytes": refusal(headers={"location": "\xff"}),
    "another type": refusal(headers={"content-type": "text/plain"}),
    "no JSON": refusal(b"no healthy upstream"),
    "no UTF-8": refusal(b'{"code": 5, "message": "\xff", "details": []}'),
    "a name twice": refusal(b'{"code": 5, "code": 5, "message": "a", "details": []}'),
    "another shape": refusal({"error": "a"}),
    "no message": refusal({**SAID, "message": ""}),
    "code as text": refusal({**SAID, "code": "5"}),
    "no ErrorInfo": refusal({**SAID, "details": []}),
    "unknown reason": refusal(body(Refusal(404, 5, "SOMETHING_ELSE", "a"))),
    "inner words": refusal({**SAID, "message": "Unexpected <class 'DecodeError'>"}),
    "JSON that is none": Received(200, JSON, b"{"),
    "cut off": Received(200, {**SECURITY_HEADERS, "content-type": "text/csv"}, b"a", whole=False),
}


@pytest.mark.parametrize("answer", GOOD)
def test_good_answers_pass(answer: Received) -> None:
    assert fault(answer) == ""


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD.keys())
def test_each_fault_is_seen(answer: Received) -> None:
    assert fault(answer)
