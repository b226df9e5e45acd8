"""The table of docs/jobs.md, "No job waits for ever": each row has a test, and each test is there."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAPER = ROOT / "docs" / "jobs.md"
_JOBS = "tests/integration/processor/jobs"
_ASSEMBLY = "tests/unit/processor/results/test_assembly.py"
_STUCK = f"{_JOBS}/test_stuck_jobs.py"
_FAULTS = f"{_JOBS}/test_job_faults.py"
_DELETED = f"{_JOBS}/test_deleted_files.py"
_LOST = (_STUCK, "test_what_lost_its_task_is_queued_again_and_nothing_else_is")
_FINAL = (_ASSEMBLY, "test_what_is_final_ends_or_pauses_the_job")

#: What happened, as the table says it, and the tests in which it does.
TESTS = {
    "its file is deleted while rows are sent": [
        (_FAULTS, "test_a_deleted_file_fails_the_job_which_keeps_what_it_has"),
        (_DELETED, "test_rows_that_a_worker_already_holds_are_not_sent"),
    ],
    "its file is deleted before the result is written": [
        (_DELETED, "test_a_file_that_is_gone_when_the_result_is_written_fails_the_job")
    ],
    "its file is deleted while it waits, is paused, or has a batch under way": [
        _LOST,
        (_STUCK, "test_a_paused_job_whose_file_is_gone_fails_when_it_is_resumed"),
    ],
    "its file or its stored data is damaged": [
        (_DELETED, "test_a_file_that_is_damaged_when_the_result_is_written_fails_the_job"),
        (_STUCK, "test_a_job_whose_stored_data_is_damaged_fails"),
    ],
    "the object store has lost its file": [
        (_DELETED, "test_a_file_that_is_damaged_when_the_result_is_written_fails_the_job"),
        ("tests/integration/files/objects/test_damage.py", "test_an_object_that_is_gone_is_lost"),
    ],
    "its account is deleted, so its keys are gone": [
        _FINAL,
        ("tests/e2e/test_leaving.py", "test_leaving_stops_provider_calls_within_two_seconds"),
    ],
    "files, the object store or the vault is away": [
        (_STUCK, "test_a_job_that_waits_for_our_own_services_says_so_and_goes_on_by_itself"),
        (_ASSEMBLY, "test_a_store_that_stays_away_pauses_the_job_which_says_so"),
    ],
    "its permission has expired, was ended or is used up": [
        ("tests/unit/processor/rows/test_calls.py", "test_a_refused_release_pauses_the_job"),
        _FINAL,
    ],
    "its API key is deleted": [(_FAULTS, "test_a_deleted_key_pauses_the_job")],
    "its provider is away": [
        (f"{_JOBS}/test_jobs_that_wait.py", "test_a_job_goes_on_by_itself_when_its_provider_answers_again")
    ],
    "its provider refuses every call for rate": [
        (_FAULTS, "test_a_provider_that_only_refuses_for_rate_pauses_the_job_and_spends_no_grant")
    ],
    "its provider asks for a long wait": [
        ("tests/unit/processor/rows/test_calls.py", "test_a_long_wait_gives_the_shard_back")
    ],
    "its batch is not finished in a day": [
        (
            "tests/integration/processor/economy/test_economy_jobs.py",
            "test_what_an_expired_batch_left_goes_in_the_ordinary_way",
        )
    ],
    "rows stop every worker that takes them": [
        (
            f"{_JOBS}/test_job_crashes.py",
            "test_rows_that_outlive_ten_workers_fail_and_are_not_paid_for_again",
        )
    ],
    "its result cannot be written": [
        (_ASSEMBLY, "test_a_file_that_was_never_written_however_often_it_was_begun_ends_the_job")
    ],
    "files has a result with a higher fence, after a restore": [
        (_ASSEMBLY, "test_a_fence_from_before_a_restore_is_outdone")
    ],
    "its task is lost from the queue": [_LOST],
    "rows are left and no shard is queued": [_LOST],
    "its worker dies or hangs": [
        (
            f"{_JOBS}/test_job_crashes.py",
            "test_a_killed_worker_loses_nothing_and_repeats_at_most_the_calls_in_flight",
        )
    ],
    "the result file of a completed job is lost": [
        (_DELETED, "test_a_result_file_that_was_lost_is_written_once_more")
    ],
    "no worker runs": [(_STUCK, "test_jobs_that_no_worker_touches_are_counted_for_the_operator")],
}


def rows_of_the_table() -> list[str]:
    text = PAPER.read_text(encoding="utf-8")
    section = text[text.index("## No job waits for ever") :].split("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    # Without the head and the line below it.
    return rows[2:]


def test_every_way_to_be_stuck_has_a_test() -> None:
    assert rows_of_the_table() == list(TESTS)


@pytest.mark.parametrize("row", TESTS)
def test_its_tests_are_there(row: str) -> None:
    for path, name in TESTS[row]:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        names = {each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in names
