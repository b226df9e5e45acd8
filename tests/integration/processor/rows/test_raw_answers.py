"""Raw answers, with real processes: kept beside what auto-fix leaves, shown, downloaded, and put back."""

import csv
import io

import pytest

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, refusal
from tests.support.provider import Provider

HOOK = "Ada, who counts the cards at night?"
RAW = f"Sure! Here's a hook:\n\n\"{HOOK}\"\n\nLet me know if you'd like a different tone!"
WRAPPED = {"has_preamble", "has_postamble", "has_quotes"}


async def cells(person: Person, job: str, **form: object) -> list[list[str]]:
    _, data = await person.download(job, **form)
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.promise("S59")
async def test_a_raw_answer_is_kept_shown_downloaded_and_put_back(
    ada: Person, eve: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "content", "content": RAW, "contains": "Hook for Ada"})
    file = world.add_file(["Name"], [["Ada"], ["Grace"]])
    first = await ada.template("Hook for {{Name}}")
    second = await ada.template("Shorten: {{Hook}}", "Short")
    done = await ada.until((await ada.start(file, first, second)).name)
    assert done.state == State.COMPLETED
    assert f"Shorten: {HOOK}" in provider.prompts()
    wrapped, plain = (await ada.rows(done.name)).rows
    assert (wrapped.outputs["Hook"], dict(wrapped.raw_outputs)) == (HOOK, {"Hook": RAW})
    assert set(wrapped.flags) >= WRAPPED
    assert dict(plain.raw_outputs) == {}
    before = await cells(ada, done.name)
    title, ours, other = await cells(ada, done.name, columns=["raw", "error"])
    assert title == ["Name", "Hook", "Short", "error", "Hook (raw)", "Short (raw)"]
    assert ours == ["Ada", HOOK, ours[2], "", RAW, ours[2]]
    assert other == ["Grace", other[1], other[2], "", other[1], other[2]]

    for _ in range(2):
        restored = await ada.restore(done.name, 1)
        assert dict(restored.outputs) == {"Hook": RAW, "Short": ours[2]}
        assert not WRAPPED & set(restored.flags)
    assert [row[1] for row in await cells(ada, done.name)] == ["Hook", RAW, other[1]]
    assert (await ada.rows(done.name, filter="flag = has_preamble")).rows == []
    assert dict((await ada.rows(done.name)).rows[0].raw_outputs) == {"Hook": RAW}

    fixed = await ada.restore(done.name, 1, fixed=True)
    assert (fixed.outputs["Hook"], fixed.flags) == (HOOK, wrapped.flags)
    assert await cells(ada, done.name) == before
    assert dict((await ada.restore(done.name, 2)).outputs) == dict(plain.outputs)
    assert await refusal(ada.restore(done.name, 9)) == "INVALID_ROW_RANGE"
    assert await refusal(eve.restore(done.name, 1)) == "JOB_NOT_FOUND"


async def test_a_test_of_a_template_shows_the_raw_answer_too(
    ada: Person, world: World, provider: Provider
) -> None:
    provider.script({"action": "content", "content": RAW, "contains": "Hook for Ada"})
    file = world.add_file(["Name"], [["Ada"], ["Grace"]])
    tested = await ada.test(file, await ada.template("Hook for {{Name}}"), row_count=2)
    (wrapped,), (plain,) = (row.steps for row in tested.rows)
    assert (dict(wrapped.outputs), dict(wrapped.raw_outputs)) == ({"Hook": HOOK}, {"Hook": RAW})
    assert set(wrapped.flags) >= WRAPPED
    assert dict(plain.raw_outputs) == {}
    # With auto-fix off, nothing is taken off, so there is nothing more to show.
    as_it_is = await ada.test(file, await ada.template("Hook for {{Name}}", auto_fix_off=True), row_count=1)
    assert (dict(as_it_is.rows[0].steps[0].outputs), dict(as_it_is.rows[0].steps[0].raw_outputs)) == (
        {"Hook": RAW},
        {},
    )


async def test_auto_fix_that_is_off_leaves_answers_as_they_came(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "content", "content": RAW})
    template = await ada.template("Hook for {{Name}}", auto_fix_off=True)
    done = await ada.until((await ada.start(world.add_file(["Name"], [["Ada"]]), template)).name)
    (row,) = (await ada.rows(done.name)).rows
    assert (dict(row.outputs), dict(row.raw_outputs)) == ({"Hook": RAW}, {})
    assert not WRAPPED & set(row.flags)


async def test_a_row_without_answers_has_none_to_put_back(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "status", "status": 400})
    file = world.add_file(["Name"], [["Ada"]])
    done = await ada.until((await ada.start(file, await ada.template("Hook for {{Name}}"))).name)
    assert await refusal(ada.restore(done.name, 1)) == "ROW_NOT_SUCCEEDED"
