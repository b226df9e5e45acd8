"""Which rows are blank, and so not sent unless their owner wants that."""

import pytest

from services.processor.jobs.blank_rows import constant_warnings, is_blank, sent_columns
from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.row_result import SKIPPED
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.jobs.stored_snapshot import dump, load
from services.processor.rows.loop import Prepared
from services.processor.rows.source import SourceRow
from services.processor.templates.prompt_settings import PromptSettings

COLUMNS = ("Name", "Company", "Notes")


def snapshot(*prompts: str, skips: bool = True) -> Snapshot:
    steps = tuple(
        Step(f"templates/{number}", PromptSettings(prompt, f"Out{number}", "m", 0, 5))
        for number, prompt in enumerate(prompts)
    )
    return Snapshot(COLUMNS, steps, "", variables=(("Us", "Acme"),), skips_blank_rows=skips)


def sent(*prompts: str) -> tuple[int, ...]:
    found = snapshot(*prompts)
    return sent_columns(found, found.prompts())


@pytest.mark.parametrize("cell", ["", " ", "\t", "\r\n", "\u00a0", "\u3000 \u2003"])
def test_a_cell_of_white_space_alone_is_empty(cell: str) -> None:
    assert is_blank(["x", cell], (1,))


@pytest.mark.parametrize("cell", ["#N/A", "N/A", "-", "null", "None", "0", ".", "\u200b", "'", '""'])
def test_a_cell_that_only_says_that_it_is_empty_is_not(cell: str) -> None:
    assert not is_blank(["", cell], (0, 1))


def test_a_row_is_blank_when_all_columns_that_are_used_are_empty() -> None:
    assert is_blank(["", " ", "kept"], sent("To {{Name}} at {{company}}"))
    assert not is_blank(["", "Acme", ""], sent("To {{Name}} at {{company}}"))


def test_columns_of_all_templates_count_and_their_outputs_do_not() -> None:
    assert sent("About {{Company}}", "Short: {{Out0}} for {{Name}}") == (0, 1)
    assert sent("About {{Company}}", "Short: {{Out0}}") == (1,)


@pytest.mark.parametrize("prompt", ["Write a haiku", "Write about {{$Us}}"])
def test_where_no_column_is_used_no_row_is_blank_and_the_owner_is_told(prompt: str) -> None:
    found = snapshot(prompt)
    assert not is_blank(["", "", ""], sent(prompt))
    (warning,) = constant_warnings(found, found.prompts())
    assert warning == "The prompt of templates/0 uses no column, so every row sends the same"


def test_a_template_that_uses_an_output_alone_is_no_cause_for_a_warning() -> None:
    found = snapshot("About {{Company}}", "Short: {{Out0}}")
    assert constant_warnings(found, found.prompts()) == []


def test_a_skipped_row_has_no_outputs_and_counts_nothing() -> None:
    seal = JobSeal(bytes(32), "ada", "jobs/a")
    result = Prepared.of(snapshot("To {{Name}}")).skipped(SourceRow(7, ["", "Acme", ""]), seal)
    assert result is not None
    assert (result.row, result.state, result.reason, result.attempts) == (7, SKIPPED, "", 0)
    assert (result.input_tokens, result.output_tokens, result.cost_nanos, result.model) == (0, 0, 0, "")
    assert seal.open_row(7, result.payload) == RowPayload(())


def test_nothing_is_skipped_that_was_begun_or_is_to_be_sent() -> None:
    seal = JobSeal(bytes(32), "ada", "jobs/a")
    blank, begun = SourceRow(1, ["", "", ""]), SourceRow(1, ["", "", ""], b"sealed")
    assert Prepared.of(snapshot("To {{Name}}")).skipped(begun, seal) is None
    assert Prepared.of(snapshot("To {{Name}}", skips=False)).skipped(blank, seal) is None


def test_a_job_keeps_whether_it_skips_and_one_of_an_earlier_release_does_not() -> None:
    found = snapshot("To {{Name}}")
    assert load(dump(found)) == found
    assert not load(dump(found).replace(b'"skips_blank_rows":true', b'"later":1')).skips_blank_rows
