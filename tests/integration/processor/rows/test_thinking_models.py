"""Models that think: what a template says of it is kept, copied, frozen into jobs, and sent."""

import json
from typing import Any

import pytest
from smelt.processor.v1 import templates_pb2

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider

CUT = json.dumps(
    {
        "choices": [{"message": {"role": "assistant", "reasoning": "Hm"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 500},
    }
)


async def test_thinking_is_kept_in_copies_and_sent_with_rows_until_it_is_refused(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    own = await ada.template("Say {{Row}}", reasoning_effort="low", max_completion_tokens=900)
    copy = await ada.templates.DuplicateTemplate(
        templates_pb2.DuplicateTemplateRequest(name=own), metadata=ada.metadata, timeout=PATIENCE_SECONDS
    )
    assert (copy.reasoning_effort, copy.max_completion_tokens) == ("low", 900)
    provider.script({"action": "refuse_parameter", "parameter": "reasoning_effort"})
    file = world.add_file(["Row"], [["a"], ["b"]])
    job = await ada.start(file, copy.name, parallel_calls=1)
    assert (await ada.until(job.name)).state == State.COMPLETED
    first, *later = [seen["parameters"] for seen in provider.requests()]
    assert (first["reasoning_effort"], first["max_completion_tokens"]) == ("low", 900)
    assert [each.get("reasoning_effort") for each in later] == [None, None]
    assert all(each["max_completion_tokens"] == 900 for each in later)


@pytest.mark.parametrize(
    ("model", "more", "tokens"),
    [
        ("gpt-5-mini", {}, 5000),
        ("local", {"reasoning_effort": "high"}, 5000),
        ("deepseek-reasoner", {"max_tokens": 70}, 70),
        ("gpt-4o-mini", {}, 500),
    ],
)
async def test_a_model_that_thinks_gets_more_tokens_unless_the_template_says_how_many(
    ada: Person, model: str, more: dict[str, Any], tokens: int
) -> None:
    name = await ada.template("Say {{Row}}", model=model, **more)
    made = await ada.templates.GetTemplate(
        templates_pb2.GetTemplateRequest(name=name), metadata=ada.metadata, timeout=PATIENCE_SECONDS
    )
    assert made.max_tokens == tokens


async def test_an_answer_that_was_cut_while_thinking_says_so(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "raw", "status": 200, "content": CUT})
    file = world.add_file(["Row"], [["a"]])
    job = await ada.start(file, await ada.template("Say {{Row}}"))
    done = await ada.until(job.name)
    (row,) = (await ada.rows(job.name)).rows
    assert (row.error.reason, done.output_tokens) == ("OUTPUT_TRUNCATED", 500)
    assert "still thinking" in row.error.message
    assert "reasoning_effort" in row.error.message
