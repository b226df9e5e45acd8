"""What a job shows of its file and its templates after these have changed or are gone."""

from smelt.processor.v1 import jobs_pb2, templates_pb2

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, refusal
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider

SCHEMA = '{"type": "object", "properties": {"zeal": {"type": "integer"}, "age": {"type": "integer"}}}'


async def test_a_job_shows_its_templates_in_order_as_they_were_when_it_started(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(["Name"], [["Ada"], ["Grace"]], display_name='leads "2".csv')
    fit = await ada.template("Judge {{Name}}", "Fit", display_name="How good", json_schema=SCHEMA)
    hook = await ada.template("Use {{Fit.zeal}}", "Hook", display_name="The hook", model="gpt-4.1-mini")
    started = await ada.start(file, fit, hook, display_name=" Spring leads ")
    expected = [
        jobs_pb2.Job.Step(
            template=fit,
            display_name="How good",
            model="gpt-4o-mini",
            # In the order of the schema.
            output_columns=["Fit.zeal", "Fit.age"],
        ),
        jobs_pb2.Job.Step(
            template=hook, display_name="The hook", model="gpt-4.1-mini", output_columns=["Hook"]
        ),
    ]
    assert (list(started.steps), started.file_display_name) == (expected, 'leads "2".csv')

    changed = templates_pb2.Template(name=hook, display_name="Another", model="gpt-4.1")
    await ada.templates.UpdateTemplate(
        templates_pb2.UpdateTemplateRequest(
            template=changed, update_mask={"paths": ["display_name", "model"]}
        ),
        metadata=ada.metadata,
        timeout=PATIENCE_SECONDS,
    )
    await ada.templates.DeleteTemplate(
        templates_pb2.DeleteTemplateRequest(name=fit), metadata=ada.metadata, timeout=PATIENCE_SECONDS
    )
    done = await ada.until(started.name, State.COMPLETED)
    world.files[file].deleted = True
    listed = await ada.jobs.ListJobs(
        jobs_pb2.ListJobsRequest(), metadata=ada.metadata, timeout=PATIENCE_SECONDS
    )
    (of_list,) = [job for job in listed.jobs if job.name == started.name]
    for job in (done, await ada.job(started.name), of_list):
        assert (list(job.steps), job.file_display_name) == (expected, 'leads "2".csv')
        assert job.display_name == "Spring leads"


async def test_the_name_of_a_job_is_one_line(ada: Person, world: World) -> None:
    file, template = world.add_file(["Name"], [["Ada"]]), await ada.template("Hi {{Name}}")
    for name in ("two\nlines", "x" * 101):
        assert await refusal(ada.start(file, template, display_name=name)) == "INVALID_REQUEST"
