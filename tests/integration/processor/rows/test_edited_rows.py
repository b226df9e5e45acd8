"""A person's own words in a finished row: in the list, in downloads, and only in that row."""

import csv
import io
from typing import Any

from smelt.processor.v1 import jobs_pb2

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, refusal
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider, answer_for


async def edit(ada: Person, job: str, row: int, **outputs: str) -> Any:
    request = jobs_pb2.UpdateJobRowRequest(parent=job, row=row, outputs=outputs)
    return await ada.jobs.UpdateJobRow(request, metadata=ada.metadata, timeout=PATIENCE_SECONDS)


async def column(ada: Person, job: str) -> list[str]:
    _, data = await ada.download(job)
    return [row["Hook"] for row in csv.DictReader(io.StringIO(data.decode(), newline=""))]


async def test_an_edited_answer_is_downloaded_and_the_old_one_is_kept(
    ada: Person, eve: Person, worker: Process, world: World, provider: Provider
) -> None:
    names = ["Ada", "Grace", "Joan"]
    file = world.add_file(["Name"], [[name] for name in names])
    job = (
        await ada.until((await ada.start(file, await ada.template("{{Name}}"))).name, State.COMPLETED)
    ).name
    answers = [answer_for(name) for name in names]
    assert await column(ada, job) == answers

    row = await edit(ada, job, 2, Hook="=My own words")
    assert (dict(row.outputs), dict(row.edited_outputs)) == ({"Hook": "=My own words"}, {"Hook": answers[1]})
    listed = (await ada.rows(job)).rows
    assert [dict(each.edited_outputs) for each in listed] == [{}, {"Hook": answers[1]}, {}]
    # A spreadsheet runs nothing of it.
    assert await column(ada, job) == [answers[0], "'=My own words", answers[2]]

    await edit(ada, job, 2, Hook=answers[1])
    assert await column(ada, job) == answers
    assert not any(each.edited_outputs for each in (await ada.rows(job)).rows)

    assert await refusal(edit(ada, job, 9, Hook="x")) == "INVALID_ROW_RANGE"
    assert await refusal(edit(ada, job, 1, Name="x")) == "INVALID_REQUEST"
    assert await refusal(edit(ada, job, 1)) == "INVALID_REQUEST"
    assert await refusal(edit(eve, job, 1, Hook="x")) == "JOB_NOT_FOUND"
