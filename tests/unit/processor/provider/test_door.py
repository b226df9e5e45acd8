"""The door for what a provider says: whatever comes back, wherever it stands, the key does not come out."""

import json
import string
import threading
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from services.processor.provider import door
from services.processor.provider.answer import LOOP_CHARACTERS, Answer, Reads, Unusable, whole
from services.processor.provider.door import LOOP_BYTES, let_answer_pass, let_refusal_pass
from services.processor.provider.failures import KEY_ECHOED, MALFORMED, Failure, Verdict
from services.processor.rows.requests import Requests
from services.processor.templates.prompt_settings import PromptSettings
from tests.support.disguises import seen_in, spelled

#: A key of small letters, which is all that the code of an error may have.
KEY = "kqzvwxjmhtrbplgnfdsycaeu"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "object"}, "c": {"type": "array"}},
        "additionalProperties": False,
    }
)
REQUEST = {"model": "m", "temperature": 1}
READ_JSON = Requests(PromptSettings("p", "Out", json_schema=SCHEMA)).texts


async def passed(content: str, read: Reads = whole) -> Answer | Unusable:
    """Return what comes of a model's words."""
    body = {
        "choices": [{"message": {"content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }
    return await let_answer_pass(orjson.dumps(body), REQUEST, secret=KEY.encode(), account="ada", read=read)


def refused(status: int, body: Any, **headers: str) -> Failure:
    """Return what comes of a refusal."""
    content = json.dumps(body).encode()
    return let_refusal_pass(status, content, headers, secret=KEY.encode(), now=NOW, request=REQUEST)


async def test_honest_answers_pass_as_they_are() -> None:
    assert await passed("Hello, 100% & \\u0041!") == Answer(("Hello, 100% & \\u0041!",), 3, 4)
    fits = '{"a": "\\u0041", "b": {"x": "é"}, "c": [1]}'
    assert await passed(fits, READ_JSON) == Answer(("A", '{"x":"é"}', "[1]"), 3, 4)
    said = await passed('{"a": "A"}', READ_JSON)
    assert isinstance(said, Unusable)
    assert said.failure.reason == "OUTPUT_SCHEMA_MISMATCH"
    assert await passed("") == Unusable(MALFORMED, 3, 4)


@pytest.mark.promise("S45", "S01")
@pytest.mark.parametrize(("name", "form"), spelled(KEY).items(), ids=spelled(KEY))
async def test_no_answer_shows_the_key_in_any_clothes(name: str, form: str) -> None:
    # The call is paid for all the same.
    dropped = Unusable(KEY_ECHOED, 3, 4)
    assert await passed(f"Your key, {form}, is good.") == dropped
    for document in (
        {"a": form, "b": {}, "c": []},
        {"a": "", "b": {form: 1}, "c": []},
        {"a": "", "b": {"x": {form: [form]}}, "c": []},
        {"a": "", "b": {}, "c": [[form]]},
        # These fit no schema, and the message would name what is wrong.
        {"a": 1, "b": {}, "c": [], form: 1},
        {"a": "", "b": {}, form: form},
    ):
        content = json.dumps(document)
        escaped = content.replace(KEY, "".join(f"\\u{ord(letter):04x}" for letter in KEY))
        assert await passed(content, READ_JSON) == dropped, content
        assert await passed(escaped, READ_JSON) == dropped, escaped


@pytest.mark.promise("S45", "S01")
async def test_a_key_that_is_divided_among_columns_is_seen() -> None:
    content = json.dumps({"a": KEY[:12], "b": {}, "c": [KEY[12:]]})
    assert await passed(content, READ_JSON) == Unusable(KEY_ECHOED, 3, 4)


def refusals(words: str) -> dict[str, Any]:
    """Return bodies of refusals that say these words in each of their places."""
    error = {"message": "m", "type": "invalid_request_error", "param": None, "code": None}
    return {
        **{place: {"error": {**error, place: words}} for place in error},
        "type alone": {"error": {"type": words}},
        "code alone": {"error": {"code": words}},
        "deep": {"error": {"code": {"code": words}, "type": [words]}},
        "flat": {"code": words, "message": words, "param": words},
        "text": words,
        "unsupported": {"error": {"message": f"Unsupported: {words}", "param": words, "code": words}},
    }


PIECES = {
    "the first half": KEY[:12],
    "the second half": KEY[12:],
    "half, reversed": KEY[:12][::-1],
    "parted": ".".join(KEY[at : at + 6] for at in range(0, 24, 6)),
}


@pytest.mark.promise("S45", "S01")
@pytest.mark.parametrize("status", [400, 401, 404, 429, 503])
def test_no_refusal_shows_the_key_or_a_piece_of_it(status: int) -> None:
    headers = {"x-ratelimit-limit-requests": KEY, "retry-after": KEY, "retry-after-ms": KEY}
    for name, words in (spelled(KEY) | PIECES).items():
        for place, body in refusals(words).items():
            shown = shown_of(refused(status, body, **headers))
            assert list(seen_in(shown, KEY)) == [], (name, place)
            assert words not in shown, (name, place)


def shown_of(failure: Failure) -> str:
    return f"{failure.reason} {failure.message} {sorted(failure.parts)} {failure.said}"


@pytest.mark.promise("S45", "S01")
@pytest.mark.parametrize("status", [400, None])
async def test_no_error_inside_an_answer_shows_the_key_or_a_piece_of_it(status: int | str | None) -> None:
    for name, words in (spelled(KEY) | PIECES).items():
        for place, body in refusals(words).items():
            if not isinstance(body, dict):
                continue
            for document in ({**body, "status": status}, {"error": body}):
                content = orjson.dumps(document)
                said = await let_answer_pass(content, REQUEST, secret=KEY.encode(), account="ada", read=whole)
                assert isinstance(said, Unusable)
                shown = shown_of(said.failure)
                assert list(seen_in(shown, KEY)) == [], (name, place)
                assert words not in shown, (name, place)


@pytest.mark.parametrize(
    "code", ["invalid_value", "string_below_min_length", "invalid-request.error", "4711", "e_400"]
)
def test_an_ordinary_code_is_shown(code: str) -> None:
    said = f"The provider rejected the request (status 400, {code})"
    assert refused(400, {"error": {"code": code}}).message == said
    assert refused(400, {"error": {"type": code, "code": None}}).message == said


@pytest.mark.parametrize(
    "code",
    [string.ascii_lowercase, "a1b2c3d4e5", "sk-ab12cd34", "x" * 16, "3f2a9c", "bad\nline", "x" * 65],
)
def test_a_code_that_may_be_a_key_of_anybody_is_not(code: object) -> None:
    assert refused(400, {"error": {"code": code}}).message == "The provider rejected the request (status 400)"


def test_what_a_code_means_does_not_depend_on_whether_it_is_shown() -> None:
    assert refused(429, {"error": {"code": "insufficient_quota"}}).verdict is Verdict.JOB_PAUSES
    error = {"code": "unsupported_parameter", "param": "temperature", "message": KEY}
    assert refused(400, {"error": error}).parts == {"temperature"}


@pytest.mark.promise("S43")
@pytest.mark.parametrize("size", [LOOP_CHARACTERS, LOOP_CHARACTERS + 1])
async def test_long_answers_are_read_beside_the_loop(size: int) -> None:
    where: list[threading.Thread] = []

    def read(text: str) -> tuple[str, ...]:
        where.append(threading.current_thread())
        return (text,)

    assert isinstance(await passed("x" * size, read), Answer)
    assert (where[0] is threading.current_thread()) is (size == LOOP_CHARACTERS)


@pytest.mark.promise("S59")
async def test_a_large_body_is_read_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[str] = []

    def read(*_: object, **__: object) -> Unusable:
        readers.append(threading.current_thread().name.partition("_")[0])
        return Unusable(MALFORMED)

    monkeypatch.setattr(door, "read_completion", read)
    for size in (LOOP_BYTES, LOOP_BYTES + 1):
        await let_answer_pass(b" " * size, REQUEST, secret=KEY.encode(), account="ada", read=whole)
    assert readers == ["MainThread", "aside"]
