"""What is decided before a job starts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.processor.jobs.errors import InvalidRowRange, OutputColumnClash
from services.processor.jobs.plan import SHARD_CALLS, SHARD_ROWS, Snapshot, Step, cut, row_range
from services.processor.templates.errors import TemplateInvalid, UnknownVariable
from services.processor.templates.library import find
from services.processor.templates.prompt_settings import PromptSettings


def step(prompt: str, output: str) -> Step:
    return Step(f"templates/{output}", PromptSettings(prompt, output))


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(None, None, (1, 10)), (3, None, (3, 10)), (None, 4, (1, 4)), (10, 10, (10, 10)), (1, 10, (1, 10))],
)
def test_row_ranges(first: int | None, last: int | None, expected: tuple[int, int]) -> None:
    assert row_range(first, last, 10) == expected


@pytest.mark.parametrize(
    ("first", "last"), [(11, None), (None, 11), (5, 4), (-1, 5), (1, -1), (0, 5), (1, 0), (0, 0)]
)
def test_row_ranges_outside_the_file_are_refused(first: int | None, last: int | None) -> None:
    with pytest.raises(InvalidRowRange):
        row_range(first, last, 10)


def test_a_later_prompt_may_use_an_earlier_output() -> None:
    steps = (step("{{A}}", "X"), step("{{x}} {{A}}", "Y"))
    first, second = Snapshot(("A",), steps, "").prompts()
    assert first.render(["a"]) == "a"
    assert second.render(["a", "one"]) == "one a"


def test_an_earlier_prompt_may_not_use_a_later_output() -> None:
    with pytest.raises(UnknownVariable):
        Snapshot(("A",), (step("{{Y}}", "X"), step("hi", "Y")), "").prompts()


@pytest.mark.parametrize("output", ["A", "a", " A ", "X", "x"])
def test_outputs_may_not_have_the_name_of_another_column(output: str) -> None:
    with pytest.raises(OutputColumnClash):
        Snapshot(("A", "B"), (step("hi", "X"), step("hi", output)), "").prompts()


@given(st.integers(1, 5_000_000), st.integers(1, 1000))
def test_shards_cover_the_rows_and_share_the_calls(rows: int, calls: int) -> None:
    shards = cut(rows, calls)
    assert 1 <= shards.rows <= SHARD_ROWS
    assert (shards.count - 1) * shards.rows < rows <= shards.count * shards.rows
    assert 1 <= shards.window <= shards.count
    assert sum(shards.calls) == calls
    assert all(each >= 1 for each in shards.calls)
    if shards.count >= calls / SHARD_CALLS:
        assert max(shards.calls) <= SHARD_CALLS


def test_two_thousand_rows_at_256_calls_keep_the_window_full_to_the_end() -> None:
    shards = cut(2000, 256)
    assert (shards.count, shards.rows, shards.calls) == (6, 334, (86, 85, 85))


def test_a_template_that_runs_before_what_it_needs_is_told_so() -> None:
    steps = (step("{{Y}}", "X"), step("hi", "Y"))
    with pytest.raises(UnknownVariable, match="move that template up"):
        Snapshot(("A",), steps, "").prompts()


def test_a_schema_makes_several_columns_that_later_templates_can_use() -> None:
    schema = '{"type":"object","properties":{"score":{"type":"integer"},"why":{"type":"string"}}}'
    fit = Step("templates/fit", PromptSettings("{{A}}", "Fit", json_schema=schema))
    steps = (fit, step("{{fit.why}} {{Fit.Score}}", "Y"))
    snapshot = Snapshot(("A",), steps, "")
    assert snapshot.outputs == ("Fit.score", "Fit.why", "Y")
    assert snapshot.prompts()[1].render(["a", "7", "big"]) == "big 7"
    with pytest.raises(OutputColumnClash):
        Snapshot(("A", "fit.WHY"), steps, "").prompts()


def test_a_template_whose_schema_is_no_longer_accepted_is_not_frozen_into_a_job() -> None:
    kept = find("qualify-score")
    old = '{"type":"object","properties":{"a":{"type":"string","pattern":"(?=a)"}}}'
    broken = replace(kept.fields.settings, json_schema=old)
    with pytest.raises(TemplateInvalid, match="Score with a reason is not a valid JSON schema") as refused:
        Step.of(replace(kept, fields=replace(kept.fields, settings=broken)))
    assert [name for name, _ in refused.value.violations] == ["json_schema"]
    # A step that was frozen earlier still has its columns.
    assert broken.columns == ("Fit.a",)
