"""Jobs and templates that are refused, and what other accounts can see of them."""

from contextlib import suppress
from typing import Any

import grpc
import pytest
from smelt.processor.v1 import jobs_pb2, templates_pb2

from services.common.rpc.errors import error_from_rpc
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, Suite, gateway_channel, refusal
from tests.support.patience import PATIENCE_SECONDS
from tests.support.vault.stand_in import VaultStandIn


@pytest.fixture
def file(world: World) -> str:
    return world.add_file(["First Name", "Company", "company"], [["Ada", "Acme", "acme"]] * 3)


async def test_what_cannot_run_is_refused_before_it_starts(
    ada: Person, world: World, vault: VaultStandIn, file: str
) -> None:
    fine = await ada.template("Hello {{first name}}")
    assert await refusal(ada.start(file)) == "NO_TEMPLATES"
    assert await refusal(ada.start(file, fine, first_row=4)) == "INVALID_ROW_RANGE"
    assert await refusal(ada.start(file, fine, first_row=3, last_row=2)) == "INVALID_ROW_RANGE"
    assert await refusal(ada.start(file, fine, first_row=-1)) == "INVALID_ROW_RANGE"
    assert await refusal(ada.start(file, fine, parallel_calls=100_000)) == "INVALID_REQUEST"
    assert await refusal(ada.start(file, await ada.template("{{Nope}}"))) == "UNKNOWN_VARIABLE"
    assert await refusal(ada.start(file, await ada.template("{{$Own}}"))) == "UNKNOWN_VARIABLE"
    assert await refusal(ada.start(file, await ada.template("{{COMPANY}}"))) == "AMBIGUOUS_VARIABLE"
    clash = await ada.template("Hi", "first NAME")
    assert await refusal(ada.start(file, clash)) == "OUTPUT_COLUMN_CLASH"
    assert await refusal(ada.start(file, fine, fine)) == "OUTPUT_COLUMN_CLASH"
    # A chain runs from top to bottom, so outputs of later templates do not exist yet.
    uses, makes = await ada.template("{{Made}}", "Used"), await ada.template("Hi", "Made")
    assert await refusal(ada.start(file, uses, makes)) == "UNKNOWN_VARIABLE"
    assert await refusal(ada.start("files/aaaa", fine)) == "FILE_NOT_FOUND"
    assert await refusal(ada.start(file, "templates/aaaa")) == "TEMPLATE_NOT_FOUND"
    vault.usual_key = None
    assert await refusal(ada.start(file, fine)) == "NO_API_KEY"


async def test_refusals_call_templates_as_their_owner_does(ada: Person, file: str) -> None:
    fine = await ada.template("Hello {{first name}}", "Greeting", display_name="Warm greeting")
    bad = await ada.template("Hello {{Nmae}}", display_name="Cold hook")
    late = await ada.template("{{Greeting}}", display_name="Follow-up")
    clash = await ada.template("Hi", "first NAME", display_name="Clashing")
    both = await ada.template("{{COMPANY}}", "Both", display_name="Two companies")

    async def said(call: Any) -> str:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        error = error_from_rpc(caught.value)
        assert "templates/" not in error.message
        assert error.metadata["template_display_name"] in error.message
        assert error.metadata["template"].startswith("templates/")
        return error.message

    for call in (ada.start(file, fine, bad), ada.estimate(file, fine, bad)):
        assert (await said(call)).startswith('Unknown variable {{Nmae}} in template "Cold hook"; ')
    assert '{{Greeting}} is used before "Warm greeting" fills it' in await said(ada.start(file, late, fine))
    assert '(template "Clashing")' in await said(ada.start(file, clash))
    assert '(template "Two companies")' in await said(ada.start(file, both))
    assert '(template "Clashing")' in await said(ada.test(file, clash))
    request = templates_pb2.PreviewTemplateRequest(name=bad, file=file)
    assert '"Cold hook"' in await said(ada.templates.PreviewTemplate(request, metadata=ada.metadata))


@pytest.mark.promise("S30")
async def test_another_accounts_jobs_and_templates_do_not_exist(ada: Person, eve: Person, file: str) -> None:
    template = await ada.template("Hello {{first name}}")
    job = await ada.start(file, template)
    assert await refusal(eve.job(job.name)) == "JOB_NOT_FOUND"
    assert await refusal(eve.cancel(job.name)) == "JOB_NOT_FOUND"
    assert await refusal(eve.rows(job.name)) == "JOB_NOT_FOUND"
    assert await refusal(eve.download(job.name)) == "JOB_NOT_FOUND"
    watch = eve.jobs.WatchJob(
        jobs_pb2.WatchJobRequest(name=job.name), metadata=eve.metadata, timeout=PATIENCE_SECONDS
    )
    assert await refusal(watch.read()) == "JOB_NOT_FOUND"
    named = templates_pb2.GetTemplateRequest(name=template)
    assert await refusal(eve.templates.GetTemplate(named, metadata=eve.metadata)) == "TEMPLATE_NOT_FOUND"
    change = templates_pb2.UpdateTemplateRequest(
        template=templates_pb2.Template(name=template, prompt="Mine")
    )
    assert await refusal(eve.templates.UpdateTemplate(change, metadata=eve.metadata)) == "TEMPLATE_NOT_FOUND"
    gone = templates_pb2.DeleteTemplateRequest(name=template)
    assert await refusal(eve.templates.DeleteTemplate(gone, metadata=eve.metadata)) == "TEMPLATE_NOT_FOUND"
    assert await refusal(eve.start(file, template)) == "TEMPLATE_NOT_FOUND"
    listed = await eve.jobs.ListJobs(jobs_pb2.ListJobsRequest(), metadata=eve.metadata)
    assert list(listed.jobs) == []
    assert (await ada.job(job.name)).name == job.name


async def test_templates_are_stored_changed_listed_and_removed(eve: Person) -> None:
    stub, metadata = eve.templates, eve.metadata
    bad = templates_pb2.CreateTemplateRequest(template=templates_pb2.Template(prompt="{{ }}"))
    assert await refusal(stub.CreateTemplate(bad, metadata=metadata)) == "TEMPLATE_INVALID"
    name = await eve.template("Hello {{Name}}")
    made = await stub.GetTemplate(templates_pb2.GetTemplateRequest(name=name), metadata=metadata)
    assert (made.model, made.temperature, made.max_tokens) == ("gpt-4o-mini", 0.7, 500)
    change = templates_pb2.UpdateTemplateRequest(
        template=templates_pb2.Template(name=name, temperature=0, category="Other")
    )
    change.update_mask.paths[:] = ["temperature"]
    changed = await stub.UpdateTemplate(change, metadata=metadata)
    assert (changed.temperature, changed.category) == (0, "Tests")
    change.update_mask.paths[:] = []
    changed = await stub.UpdateTemplate(change, metadata=metadata)
    assert (changed.category, changed.prompt) == ("Other", "Hello {{Name}}")
    change.update_mask.paths[:] = ["nonsense"]
    assert await refusal(stub.UpdateTemplate(change, metadata=metadata)) == "UPDATE_MASK_INVALID"
    others = [await eve.template("Hello") for _ in range(2)]
    page = await stub.ListTemplates(templates_pb2.ListTemplatesRequest(page_size=2), metadata=metadata)
    assert [each.name for each in page.templates] == others[::-1]
    rest = templates_pb2.ListTemplatesRequest(page_size=2, page_token=page.next_page_token)
    assert [each.name for each in (await stub.ListTemplates(rest, metadata=metadata)).templates] == [name]
    await stub.DeleteTemplate(templates_pb2.DeleteTemplateRequest(name=name), metadata=metadata)
    gone = templates_pb2.GetTemplateRequest(name=name)
    assert await refusal(stub.GetTemplate(gone, metadata=metadata)) == "TEMPLATE_NOT_FOUND"


async def test_preview_renders_rows_without_calling_a_model(ada: Person, file: str) -> None:
    template = await ada.template("Hello {{first name}} \\{{ of {{company}}")
    request = templates_pb2.PreviewTemplateRequest(name=template, file=file, first_row=2, row_count=5)
    previews = (await ada.templates.PreviewTemplate(request, metadata=ada.metadata)).previews
    assert [(each.row, each.prompt) for each in previews] == [
        (2, "Hello Ada {{ of acme"),
        (3, "Hello Ada {{ of acme"),
    ]
    inline = templates_pb2.PreviewTemplateRequest(file=file, template=templates_pb2.Template(prompt="{{X}}"))
    assert await refusal(ada.templates.PreviewTemplate(inline, metadata=ada.metadata)) == "UNKNOWN_VARIABLE"


async def test_an_account_says_how_many_calls_its_jobs_have(
    suite: Suite, stand_ins: StandIns, world: World
) -> None:
    async with gateway_channel(suite.certificates, suite.address) as channel:
        person = Person(channel, stand_ins.passport("usual"))
        file = world.add_file(["Name"], [["a"]], account="usual")
        template = await person.template("Write to {{Name}}")

        async def calls(**more: Any) -> int:
            job = await person.start(file, template, **more)
            # Cancelled, so that none of its rows is sent while another test looks at the calls. On a busy
            # machine its only row may have been sent already.
            with suppress(grpc.aio.AioRpcError):
                await person.cancel(job.name)
            return int(job.parallel_calls)

        assert await calls() == 5
        changed = await person.usual_calls(40)
        assert (changed.parallel_calls, changed.installation_parallel_calls) == (40, 5)
        assert await calls() == 40
        assert await calls(parallel_calls=2) == 2
        assert await refusal(person.usual_calls(1001)) == "INVALID_REQUEST"
        await person.usual_calls(0)
        assert await calls() == 5
