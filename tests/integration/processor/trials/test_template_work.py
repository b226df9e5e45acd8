"""Variables, chains, JSON answers, the library and template tests, with real processes."""

import csv
import io
import json
from typing import Any

import grpc
import pytest
from smelt.processor.v1 import templates_pb2, variables_pb2

from services.common.rpc.errors import error_from_rpc
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, refusal
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider, answer_for
from tests.support.vault.stand_in import VaultStandIn

COLUMNS = ["Name", "Company"]
ROWS = [["Ada", "Acme"], ["Grace", "Compilers"]]
SCHEMA = '{"type":"object","properties":{"score":{"type":"integer"},"why":{"type":"string"}}}'


async def test_custom_variables_are_frozen_into_a_job(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    name = await ada.variable("$Sender ", "Ms {{Name}}")
    template = await ada.template("{{Name}} from {{ $sender }}")
    job = await ada.start(world.add_file(COLUMNS, ROWS), template, key="vars")
    change = variables_pb2.UpdateVariableRequest(variable=variables_pb2.Variable(name=name, value="later"))
    changed = await ada.variables.UpdateVariable(change, metadata=ada.metadata)
    assert (changed.display_name, changed.value) == ("Sender", "later")
    await ada.until(job.name)
    assert sorted(provider.prompts()) == ["Ada from Ms {{Name}}", "Grace from Ms {{Name}}"]
    removal = variables_pb2.DeleteVariableRequest(name=name)
    await ada.variables.DeleteVariable(removal, metadata=ada.metadata)
    assert await refusal(ada.start(world.add_file(COLUMNS, ROWS), template)) == "UNKNOWN_VARIABLE"


async def test_a_key_is_taken_once_in_any_case_and_by_its_account_alone(ada: Person, eve: Person) -> None:
    name = await ada.variable("Offer", "x")
    assert await refusal(ada.variable("offer", "y")) == "VARIABLE_EXISTS"
    assert await refusal(ada.variable("a{b", "y")) == "VARIABLE_INVALID"
    await eve.variable("Offer", "z")
    for call, request in (
        (eve.variables.GetVariable, variables_pb2.GetVariableRequest(name=name)),
        (eve.variables.DeleteVariable, variables_pb2.DeleteVariableRequest(name=name)),
    ):
        assert await refusal(call(request, metadata=eve.metadata)) == "VARIABLE_NOT_FOUND"
    listed = await ada.variables.ListVariables(variables_pb2.ListVariablesRequest(), metadata=ada.metadata)
    assert [(each.display_name, each.value) for each in listed.variables] == [("Offer", "x")]


async def test_a_json_schema_fills_several_columns_and_a_misfit_is_asked_for_again(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "content", "content": '{"score": "high"}', "contains": "Rate Ada", "first": 1},
        {"action": "content", "content": '{"score": 9, "why": "Ada, big"}', "contains": "Rate Ada"},
        {"action": "content", "content": "no JSON", "contains": "Rate Grace"},
    )
    rate = await ada.template("Rate {{Name}}", "Fit", json_schema=SCHEMA)
    write = await ada.template("Because {{Fit.why}} and {{fit.SCORE}}", "Hook")
    job = await ada.start(world.add_file(COLUMNS, ROWS), rate, write)
    done = await ada.until(job.name)
    assert (done.request_counts.succeeded, done.request_counts.failed) == (1, 1)
    _, data = await ada.download(job.name)
    header, first, second = csv.reader(io.StringIO(data.decode(), newline=""))
    assert header == [*COLUMNS, "Fit.score", "Fit.why", "Hook"]
    assert first == ["Ada", "Acme", "9", "Ada, big", answer_for("Because Ada, big and 9")]
    assert second == ["Grace", "Compilers", "", "", ""]
    failed = (await ada.rows(job.name, filter="state = FAILED")).rows[0]
    assert (failed.error.reason, failed.attempts) == ("OUTPUT_SCHEMA_MISMATCH", 3)


async def test_answers_are_held_to_the_depth_of_their_schema(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "content", "content": '{"people": [{"age": 200}]}', "contains": "Ada", "first": 1},
        {"action": "content", "content": '{"people": [{"age": 36}]}', "contains": "Ada"},
        {"action": "content", "content": '{"people": [{"age": 200}]}', "contains": "Grace"},
    )
    person = {"type": "object", "properties": {"age": {"type": "integer", "maximum": 150}}}
    people = {"type": "array", "items": person}
    schema = {"type": "object", "properties": {"people": people}}
    template = await ada.template("Who is {{Name}}", "Out", json_schema=json.dumps(schema))
    job = await ada.start(world.add_file(COLUMNS, ROWS), template)
    done = await ada.until(job.name)
    assert (done.request_counts.succeeded, done.request_counts.failed) == (1, 1)
    failed = (await ada.rows(job.name, filter="state = FAILED")).rows[0]
    assert failed.error.reason == "OUTPUT_SCHEMA_MISMATCH"
    assert failed.error.message.endswith("people.0.age: the value is greater than the maximum of 150")
    people["items"] = {"$ref": "https://example.com/person.json"}
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await ada.template("Who is {{Name}}", "Out", json_schema=json.dumps(schema))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert await refusal(ada.template("Hi", "Out", json_schema=json.dumps(schema))) == "TEMPLATE_INVALID"


async def test_a_parameter_that_the_provider_does_not_take_is_left_out(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "refuse_parameter", "parameter": "temperature"})
    template = await ada.template("Hi {{Name}}", model="some-model-without-temperature")
    job = await ada.start(world.add_file(COLUMNS, [["Ada", ""]] * 20), template, parallel_calls=1)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 20)
    # One refused call, after which no call sends the parameter again.
    assert [request["status"] for request in provider.requests()].count(400) == 1


async def test_clashes_and_a_wrong_order_are_found_before_the_start(ada: Person, world: World) -> None:
    file = world.add_file(COLUMNS, ROWS)
    early, late = await ada.template("{{Summary}}", "Hook"), await ada.template("x", "Summary")
    with pytest.raises(grpc.aio.AioRpcError, match="move that template up"):
        await ada.start(file, early, late)
    assert await refusal(ada.start(file, late, late)) == "OUTPUT_COLUMN_CLASH"
    assert await refusal(ada.start(file, await ada.template("x", "company"))) == "OUTPUT_COLUMN_CLASH"


async def test_the_library_is_read_only_and_duplicated_into_ones_own(ada: Person) -> None:
    async def call(name: str, request: Any) -> Any:
        return await getattr(ada.templates, name)(request, metadata=ada.metadata, timeout=PATIENCE_SECONDS)

    listed = await call("ListLibraryTemplates", templates_pb2.ListLibraryTemplatesRequest())
    first = await call("ListLibraryTemplates", templates_pb2.ListLibraryTemplatesRequest(page_size=5))
    following = templates_pb2.ListLibraryTemplatesRequest(page_size=5, page_token=first.next_page_token)
    rest = await call("ListLibraryTemplates", following)
    assert [*first.library_templates, *rest.library_templates] == [*listed.library_templates]
    assert not rest.next_page_token
    first = listed.library_templates[0]
    assert first.name.startswith("libraryTemplates/")
    copy = await call("DuplicateTemplate", templates_pb2.DuplicateTemplateRequest(name=first.name))
    assert copy.name.startswith("templates/")
    assert (copy.prompt, copy.display_name) == (first.prompt, f"{first.display_name} (copy)")
    again = templates_pb2.DuplicateTemplateRequest(name=copy.name, display_name="Mine")
    assert (await call("DuplicateTemplate", again)).display_name == "Mine"
    for missing in ("libraryTemplates/none", "templates/none"):
        request = templates_pb2.DuplicateTemplateRequest(name=missing)
        assert await refusal(call("DuplicateTemplate", request)) == "TEMPLATE_NOT_FOUND"


async def test_a_test_shows_every_step_and_fills_what_is_missing(
    ada: Person, world: World, vault: VaultStandIn, provider: Provider
) -> None:
    provider.script({"action": "status", "status": 400, "contains": "About Compilers"})
    file = world.add_file(COLUMNS, [*ROWS, ["Edsger", ""]])
    about = await ada.template("About {{Company}} in {{City}} for {{$Boss}}", "Summary")
    greet = await ada.template("Greet {{Name}}: {{Summary}} ({{Tone}})", "Greeting")
    tested = await ada.test(file, about, greet, row_count=3, mock_values={"city": "Paris", "$boss": "Bo"})
    assert dict(tested.mocked) == {"City": "Paris", "$Boss": "Bo", "Tone": "Sample Tone"}
    one, two, three = tested.rows
    summary = answer_for("About Acme in Paris for Bo")
    assert [step.prompt for step in one.steps] == [
        "About Acme in Paris for Bo",
        f"Greet Ada: {summary} (Sample Tone)",
    ]
    assert [dict(step.outputs) for step in one.steps] == [
        {"Summary": summary},
        {"Greeting": answer_for(one.steps[1].prompt)},
    ]
    assert one.steps[0].input_tokens > 0
    assert [step.error_reason for step in two.steps] == ["PROVIDER_REJECTED"]
    assert (one.confidence, three.confidence) == (100, 50)
    assert len(vault.grants.revoked) > 0


async def test_a_test_has_ten_rows_at_most_and_says_why_a_key_does_not_work(
    ada: Person, world: World, provider: Provider
) -> None:
    file = world.add_file(COLUMNS, ROWS)
    template = await ada.template("Hi {{Name}}")
    assert await refusal(ada.test(file, template, row_count=11)) == "INVALID_REQUEST"
    assert await refusal(ada.test(file, template, first_row=3)) == "INVALID_ROW_RANGE"
    assert await refusal(ada.test(file)) == "NO_TEMPLATES"
    provider.script({"action": "status", "status": 401})
    (row,) = (await ada.test(file, template)).rows
    assert row.steps[0].error_reason == "PROVIDER_AUTH"
    assert len(provider.requests()) == 1


async def test_a_later_template_of_a_chain_is_previewed_with_values_for_the_outputs_before_it(
    ada: Person, world: World
) -> None:
    file = world.add_file(["Name"], [["Ada"], ["Bo"]])
    name = await ada.template("{{$Boss}} tells {{Name}}: {{hook}}", "Mail")

    async def prompts(**mock_values: str) -> list[str]:
        given = {key.replace("boss", "$boss"): value for key, value in mock_values.items()}
        request = templates_pb2.PreviewTemplateRequest(name=name, file=file, mock_values=given)
        answer = await ada.templates.PreviewTemplate(request, metadata=ada.metadata, timeout=PATIENCE_SECONDS)
        return [each.prompt for each in answer.previews]

    # A column of the file is the file's, whatever is given for it.
    assert await prompts(Hook="Hi", boss="Eve", NAME="x") == ["Eve tells Ada: Hi", "Eve tells Bo: Hi"]
    assert await refusal(prompts(boss="Eve")) == "UNKNOWN_VARIABLE"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await prompts(Hoook="Hi", boss="Eve")
    error = error_from_rpc(caught.value)
    assert error.reason == "INVALID_REQUEST"
    assert error.violations == (("mock_values[Hoook]", "is a variable of no prompt; the nearest is hook"),)


async def test_a_draft_is_tested_at_the_end_of_a_chain_and_steps_have_numbers(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(["Name"], [["Ada"]])
    first = await ada.template("Say hello to {{Name}}")
    draft = templates_pb2.Template(prompt="Shorten, but never save: {{Hook}}", output_column="Short")
    tested = await ada.test(file, first, template=draft)
    (row,) = tested.rows
    assert [(step.number, step.template, bool(step.outputs)) for step in row.steps] == [
        (1, first, True),
        (2, "", True),
    ]
    # It was not saved.
    listed = await ada.templates.ListTemplates(
        templates_pb2.ListTemplatesRequest(page_size=1000), metadata=ada.metadata, timeout=PATIENCE_SECONDS
    )
    assert "Shorten, but never save: {{Hook}}" not in {each.prompt for each in listed.templates}
    alone = await ada.test(file, template=templates_pb2.Template(prompt="Hi {{Name}}", output_column="Out"))
    assert [step.number for step in alone.rows[0].steps] == [1]
    assert await refusal(ada.test(file, template=templates_pb2.Template(prompt="Hi"))) == "TEMPLATE_INVALID"
    assert await refusal(ada.test(file, name=first, template=draft)) == "INVALID_REQUEST"
    assert await refusal(ada.test(file, first, mock_values={"Nmae": "x"})) == "INVALID_REQUEST"
