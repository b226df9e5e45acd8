"""What providers of other dialects answer over real HTTP, and what the owner of a job sees of it."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
from typing import Any

import pytest

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State
from tests.support.provider import Provider

PROMPT = "Say hello to {{Name}}"
SCHEMA = '{"type":"object","properties":{"score":{"type":"integer"}}}'


def raw(status: int, body: Any, *, contains: str = "person", **conditions: Any) -> dict[str, Any]:
    content = body if isinstance(body, str) else json.dumps(body)
    return {"action": "raw", "status": status, "content": content, "contains": contains, **conditions}


def completion(content: Any, finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content}, "finish_reason": finish}], **more}


async def ran(ada: Person, world: World, count: int = 1, **template: Any) -> Any:
    file = world.add_file(["Name"], [[f"person-{number}."] for number in range(1, count + 1)])
    job = await ada.start(file, await ada.template(PROMPT, **template), parallel_calls=5)
    return await ada.until(job.name)


EVENTS = "\n\n".join(
    f"data: {json.dumps(each)}"
    for each in (
        {"choices": [{"delta": {"content": "Hello "}}]},
        {"choices": [{"delta": {"content": "there, person"}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}},
    )
)


@pytest.mark.parametrize(
    ("body", "flags"),
    [
        (
            completion([{"type": "thinking"}, {"type": "text", "text": "Hello there, person"}]),
            [],
        ),
        (completion("<think>\nhm\n</think>\n\nHello there, person"), ["has_thinking"]),
        (EVENTS, []),
        (completion("Hello there, person", "Vibes"), ["unknown_finish"]),
        (completion("Hello there, person", None), []),
    ],
    ids=["parts", "thinking", "events", "unknown end", "no end"],
)
async def test_an_answer_in_other_clothes_is_the_answer(
    ada: Person, worker: Process, world: World, provider: Provider, body: Any, flags: list[str]
) -> None:
    provider.script(raw(200, body))
    done = await ran(ada, world)
    (row,) = (await ada.rows(done.name)).rows
    assert (done.state, dict(row.outputs)) == (State.COMPLETED, {"Hook": "Hello there, person"})
    assert [flag for flag in row.flags if flag in ("has_thinking", "unknown_finish")] == flags


@pytest.mark.parametrize(
    ("status", "body", "part"),
    [
        (
            422,
            {"detail": [{"loc": ["body", "temperature"], "msg": "Extra inputs"}]},
            "temperature",
        ),
        (400, [{"error": {"message": 'Unknown name "stream": Cannot find field.', "code": 400}}], "stream"),
        (400, {"object": "error", "message": "System role not supported", "code": 400}, "system"),
    ],
)
async def test_a_part_that_a_place_refuses_is_left_out_from_then_on(
    ada: Person, worker: Process, world: World, provider: Provider, status: int, body: Any, part: str
) -> None:
    provider.script(raw(status, body, at_most=1))
    done = await ran(ada, world, 1)
    again = await ran(ada, world, 3)
    assert (done.state, again.request_counts.succeeded) == (State.COMPLETED, 3)
    sent = [seen for seen in provider.requests() if seen["path"].endswith("/completions")]
    assert len(sent) == 5
    # Without a system message, the instructions stand before the prompt.
    has = [
        seen["prompt"].startswith("Say hello") if part == "system" else part in seen["parameters"]
        for seen in sent
    ]
    assert has == [True, False, False, False, False]


async def test_a_schema_is_asked_for_in_words_where_formats_are_refused(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    refusal = {"error": {"message": "This response_format type is unavailable now"}}
    provider.script(raw(400, refusal, at_most=2), raw(200, completion('{"score": 7}')))
    done = await ran(ada, world, json_schema=SCHEMA, column="Fit")
    (row,) = (await ada.rows(done.name)).rows
    assert dict(row.outputs) == {"Fit.score": "7"}
    formats = [seen["parameters"].get("response_format", {}).get("type") for seen in provider.requests()]
    assert formats == ["json_schema", "json_object", None]


@pytest.mark.parametrize(
    ("status", "body", "reason", "words"),
    [
        (
            429,
            {"error": {"message": "You have no credits left"}},
            "PROVIDER_QUOTA",
            "You have no credits left",
        ),
        (
            403,
            {"reason": "NOT_ENOUGH_BALANCE", "message": "not enough balance"},
            "PROVIDER_QUOTA",
            "not enough",
        ),
        (200, {"error": {"message": "Incorrect API key provided"}}, "PROVIDER_AUTH", "Incorrect API key"),
        (404, {"error": "model 'm' not found, try pulling it first"}, "PROVIDER_REJECTED", "try pulling it"),
    ],
)
async def test_a_job_that_cannot_go_on_pauses_with_the_providers_own_words(
    ada: Person,
    worker: Process,
    world: World,
    provider: Provider,
    status: int,
    body: Any,
    reason: str,
    words: str,
) -> None:
    provider.script(raw(status, body))
    file = world.add_file(["Name"], [[f"person-{number}."] for number in range(1, 21)])
    job = await ada.start(file, await ada.template(PROMPT), parallel_calls=2)
    paused = await ada.until(job.name, State.PAUSED)
    shown = await ada.job(job.name)
    assert (paused.error.reason, words in shown.error.provider_message) == (reason, True)
    assert provider.summary()["total"] <= 8


async def test_what_a_provider_says_of_a_row_stands_on_the_row_and_in_the_csv(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    flagged = {
        "error": {"code": 403, "message": "Your input was flagged", "metadata": {"reasons": ["harassment"]}}
    }
    provider.script(
        raw(403, flagged, contains="person-2."),
        raw(400, {"error": {"message": "The tail is too short, sk-abcdef123456"}}, contains="person-3."),
    )
    done = await ran(ada, world, 6)
    rows = (await ada.rows(done.name)).rows
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 4)
    assert [row.error.reason for row in rows[:3]] == ["", "CONTENT_FILTERED", "PROVIDER_REJECTED"]
    assert rows[1].error.provider_message == "Your input was flagged"
    assert rows[2].error.provider_message == "The tail is too short, [removed]"
    _, data = await ada.download(done.name, columns=["error"])
    lines = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert lines[2][-1].endswith("(the provider: Your input was flagged)")


async def test_counts_that_a_provider_does_not_tell_are_estimated(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    told = {"prompt_tokens": 40, "completion_tokens": 3, "total_tokens": 43}
    provider.script(raw(200, completion("Hello there, person", usage=told)))
    assert not (await ran(ada, world)).tokens_estimated
    provider.script(raw(200, completion("Hello there, person")))
    done = await ran(ada, world, 2)
    assert done.tokens_estimated
    assert done.input_tokens > 40
    assert done.output_tokens == 2 * 5


async def test_a_packed_refusal_is_read(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    packed = gzip.compress(json.dumps({"error": {"message": "You have no credits left"}}).encode())
    provider.script(
        {
            "action": "raw",
            "status": 429,
            "content_base64": base64.b64encode(packed).decode(),
            "headers": {"content-encoding": "gzip"},
        }
    )
    file = world.add_file(["Name"], [["person-1."]])
    job = await ada.start(file, await ada.template(PROMPT))
    paused = await ada.until(job.name, State.PAUSED)
    assert paused.error.reason == "PROVIDER_QUOTA"
