"""Prompts that would be too large with their values filled in: found out before they are made or paid for."""

import pytest
from smelt.processor.v1 import jobs_pb2, templates_pb2, variables_pb2

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, refusal
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider

pytestmark = pytest.mark.promise("S59")

LARGE = "x" * 20_000


async def _preview(
    person: Person, name: str, file: str, *, first_row: int = 1, row_count: int | None = None
) -> list[int]:
    request = templates_pb2.PreviewTemplateRequest(
        name=name, file=file, first_row=first_row, row_count=row_count
    )
    answer = await person.templates.PreviewTemplate(
        request, metadata=person.metadata, timeout=PATIENCE_SECONDS
    )
    return [each.row for each in answer.previews]


async def test_a_row_whose_prompt_is_too_large_fails_without_a_call(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(["Text"], [["small"], [LARGE], ["also small"]])
    template = await ada.template("{{Text}}" * 60)
    assert (await ada.estimate(file, template)).row_count == 3
    done = await ada.until((await ada.start(file, template)).name)
    assert (done.state, done.request_counts.succeeded, done.request_counts.failed) == (State.COMPLETED, 2, 1)
    (failed,) = (await ada.rows(done.name, filter="state = FAILED")).rows
    assert (failed.number, failed.error.reason, failed.attempts) == (2, "PROMPT_TOO_LARGE", 0)
    assert len(provider.prompts()) == 2


async def test_a_preview_and_a_test_of_such_a_row_are_refused(
    ada: Person, world: World, provider: Provider
) -> None:
    file = world.add_file(["Text"], [["small"], [LARGE]])
    template = await ada.template("{{Text}}" * 60)
    assert await _preview(ada, template, file, row_count=1) == [1]
    assert await refusal(_preview(ada, template, file)) == "PROMPT_TOO_LARGE"
    assert await refusal(ada.test(file, template, row_count=2)) == "PROMPT_TOO_LARGE"
    assert provider.prompts() == []


async def test_a_prompt_too_large_with_its_variables_alone_is_refused_everywhere(
    ada: Person, world: World
) -> None:
    name = await ada.variable("Long", "x" * 10_000)
    file = world.add_file(["Text"], [["small"]])
    template = await ada.template("{{$Long}}" * 5000)
    for call in (
        _preview(ada, template, file),
        ada.test(file, template),
        ada.estimate(file, template),
        ada.start(file, template),
    ):
        assert await refusal(call) == "PROMPT_TOO_LARGE"
    removal = variables_pb2.DeleteVariableRequest(name=name)
    await ada.variables.DeleteVariable(removal, metadata=ada.metadata)


async def test_a_preview_ends_where_an_answer_would(ada: Person, world: World) -> None:
    file = world.add_file(["Text"], [[LARGE] for _ in range(100)])
    template = await ada.template("{{Text}}" * 25)
    assert await _preview(ada, template, file, row_count=100) == [1, 2]
    assert await _preview(ada, template, file, first_row=3, row_count=100) == [3, 4]


async def test_a_test_shows_what_fits_and_sends_the_whole(
    ada: Person, world: World, provider: Provider
) -> None:
    file = world.add_file(["Text"], [[LARGE] for _ in range(10)])
    templates = [await ada.template("{{Text}}" * 15, f"Out{number}") for number in range(3)]
    tested = await ada.test(file, *templates, row_count=10)
    shown = [step.prompt for row in tested.rows for step in row.steps]
    assert len(shown) == 30 and sum(map(len, shown)) < 1024 * 1024
    assert all(prompt.endswith("…") for prompt in shown)
    assert {len(prompt) for prompt in provider.prompts()} == {300_000}


async def test_many_unknown_names_are_filled_in_one_pass(ada: Person, world: World) -> None:
    file = world.add_file(["Text"], [["small"]])
    templates = [
        await ada.template("".join(f"{{{{t{nth}n{number}}}}}" for number in range(500)), f"Out{nth}")
        for nth in range(3)
    ]
    assert len((await ada.test(file, *templates)).mocked) == 1500
    many = "".join(f"{{{{n{number}}}}}" for number in range(501))
    assert await refusal(ada.template(many)) == "TEMPLATE_INVALID"


async def test_a_large_estimate_is_no_burden(ada: Person, world: World) -> None:
    file = world.add_file(["c"], [["small"]] * 200)
    templates = [await ada.template("{{c}}" * 9_900, f"Out{number}") for number in range(20)]
    assert (await ada.estimate(file, *templates)).request_count == 4000
    request = jobs_pb2.EstimateJobRequest(file=file, templates=templates)
    call = ada.jobs.EstimateJob(request, metadata=ada.metadata, timeout=PATIENCE_SECONDS)
    call.cancel()
    assert (await ada.estimate(file, templates[0])).request_count == 200


async def test_a_test_that_would_fill_in_too_much_is_refused(ada: Person, world: World) -> None:
    file = world.add_file(["Text"], [["small"]])
    templates = [await ada.template(f"{{{{{nth}{LARGE * 2}}}}}", f"Out{nth}") for nth in range(4)]
    assert await refusal(ada.test(file, *templates)) == "INVALID_REQUEST"
