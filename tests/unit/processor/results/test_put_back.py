"""Raw answers put back: the row, its flags, and what happens when others change it at the same moment."""

from dataclasses import replace
from typing import Any

import pytest

from services.common import identity
from services.common.identity import Passport
from services.processor.answers import flags
from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.row_result import SUCCEEDED, UNDER_WAY, StoredRow
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.results.changes import RowChanges
from services.processor.results.errors import RowChanged, RowNotSucceeded
from services.processor.results.raw_answers import RawAnswers
from services.processor.templates.prompt_settings import PromptSettings

ADA = Passport("ada", "session", ("write",), "token")
SEAL = JobSeal(bytes(32), "ada", "jobs/j")
SCORE = '{"type":"object","properties":{"fit":{"type":"string"},"why":{"type":"string"}}}'
STEPS = (
    Step("templates/a", PromptSettings("{{Name}}", "Fit", json_schema=SCORE)),
    Step("templates/b", PromptSettings("{{Name}}", "Hook", character_limit=40, forbidden_words=("sure",))),
)
SNAPSHOT = Snapshot(("Name",), STEPS, "")
HOOK, RAW = "Who counts the cards?", 'Sure! Here\'s a hook:\n\n"Who counts the cards?"'
MARKS = flags.mask(["has_preamble", "has_quotes", "generic", "has_thinking"])
PAYLOAD = RowPayload(("yes", "soon", HOOK), flags=(flags.mask(["has_cliche"]), MARKS), raw=("", RAW))


class _Job:
    id, account, wrapped_key, first_row, last_row = "j", "ada", b"", 1, 3


class Jobs:
    async def get(self, account: str, id_: str) -> Any:
        return _Job

    async def snapshot(self, account: str, id_: str) -> bytes:
        return SEAL.seal_snapshot(SNAPSHOT)


class Vault:
    async def open_data_key(self, *_: object) -> bytes:
        return bytes(32)


class Rows:
    """One stored row; the first `taken` replacements come too late."""

    def __init__(self, payload: RowPayload, *, state: int = SUCCEEDED, taken: int = 0) -> None:
        self.row = StoredRow(1, state, 1, "", 0, 100, SEAL.seal_row(1, payload))
        self.taken = taken
        self.replaced = 0

    async def page(self, job: str, first: int, last: int, *, most_bytes: int) -> list[StoredRow]:
        return [self.row] if first == 1 else []

    async def replace(self, job: str, row: StoredRow, *, payload: bytes, flags: int) -> bool:
        if self.taken:
            self.taken -= 1
            return False
        assert row == self.row
        self.row = replace(row, payload=payload, flags=flags)
        self.replaced += 1
        return True


async def restore(rows: Rows, *, fixed: bool = False) -> Any:
    identity.enter(identity.Call("RestoreAnswers", "gateway"))
    return await RawAnswers(RowChanges(Jobs(), rows, Vault())).restore(ADA, "j", 1, fixed=fixed)


async def test_raw_answers_come_back_with_the_flags_that_they_have() -> None:
    rows = Rows(PAYLOAD)
    row = await restore(rows)
    assert row.outputs == (("Fit.fit", "yes"), ("Fit.why", "soon"), ("Hook", RAW))
    assert row.raw == (("Hook", RAW),)
    assert {(each.column, each.flag) for each in row.findings} == {
        ("Fit", "has_cliche"),
        ("Hook", "forbidden_word"),
        ("Hook", "over_char_limit"),
        ("Hook", "generic"),
        ("Hook", "has_thinking"),
    }
    assert flags.names(rows.row.flags) == row.flags


async def test_asking_twice_changes_nothing_and_fixing_again_gives_the_row_that_was() -> None:
    rows = Rows(PAYLOAD)
    for _ in range(2):
        await restore(rows)
    assert rows.replaced == 1
    for _ in range(2):
        await restore(rows, fixed=True)
    assert rows.replaced == 2
    assert SEAL.open_row(1, rows.row.payload) == PAYLOAD


async def test_a_row_that_keeps_no_raw_answer_stays_as_it_is() -> None:
    rows = Rows(replace(PAYLOAD, raw=()))
    assert (await restore(rows)).outputs[-1] == ("Hook", HOOK)
    assert rows.replaced == 0


async def test_a_row_that_changes_at_the_same_moment_is_read_again_a_few_times() -> None:
    rows = Rows(PAYLOAD, taken=2)
    assert (await restore(rows)).outputs[-1] == ("Hook", RAW)
    with pytest.raises(RowChanged):
        await restore(Rows(PAYLOAD, taken=9))


async def test_a_row_without_its_answers_is_refused() -> None:
    with pytest.raises(RowNotSucceeded):
        await restore(Rows(PAYLOAD, state=UNDER_WAY))


def test_rows_of_earlier_releases_are_opened_and_parts_that_say_nothing_are_left_out() -> None:
    for payload in (PAYLOAD, replace(PAYLOAD, raw=()), RowPayload(("a",), "m", (1,), "said"), RowPayload(())):
        assert SEAL.open_row(7, SEAL.seal_row(7, payload)) == payload
    plain, raw = RowPayload(("a",)), RowPayload(("a",), raw=("b",))
    assert len(SEAL.seal_row(7, plain)) + len(',"",["b"]') == len(SEAL.seal_row(7, raw))
