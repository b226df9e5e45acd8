"""A person's own words in the place of answers: what is kept, what is found anew, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from services.common import identity
from services.common.errors import InvalidRequest
from services.common.identity import Passport
from services.processor.answers import flags
from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.row_result import FAILED, SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.results.changes import RowChanges
from services.processor.results.edits import RowEdits
from services.processor.results.errors import RowNotSucceeded
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
HOOK, RAW = "Who counts the cards?", "Sure! Who counts the cards?"
PAYLOAD = RowPayload(
    ("yes", "soon", HOOK),
    flags=(flags.mask(["has_cliche"]), flags.mask(["generic", "has_quotes"])),
    raw=("", RAW),
)


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
    """One stored row."""

    def __init__(self, payload: RowPayload, *, state: int = SUCCEEDED) -> None:
        self.row = StoredRow(1, state, 1, "", 0, 100, SEAL.seal_row(1, payload))
        self.replaced = 0

    async def page(self, job: str, first: int, last: int, *, most_bytes: int) -> list[StoredRow]:
        return [self.row]

    async def replace(self, job: str, row: StoredRow, *, payload: bytes, flags: int) -> bool:
        assert row == self.row
        self.row = replace(row, payload=payload, flags=flags)
        self.replaced += 1
        return True


async def edit(rows: Rows, **texts: str) -> Any:
    identity.enter(identity.Call("UpdateJobRow", "gateway"))
    return await RowEdits(RowChanges(Jobs(), rows, Vault())).edit(ADA, "j", 1, texts)


async def test_the_first_text_is_kept_over_all_edits_and_its_return_ends_them() -> None:
    rows = Rows(PAYLOAD)
    for text in ("My words.", "My better words."):
        row = await edit(rows, Hook=text)
        assert row.outputs == (("Fit.fit", "yes"), ("Fit.why", "soon"), ("Hook", text))
        assert row.edited == (("Hook", HOOK),)
        # What the model said stays beside it.
        assert row.raw == (("Hook", RAW),)
    await edit(rows, Hook="My better words.")
    assert rows.replaced == 2
    row = await edit(rows, Hook=HOOK)
    assert (row.outputs[2], row.edited) == (("Hook", HOOK), ())
    assert SEAL.open_row(1, rows.row.payload).former == ()


async def test_flags_are_found_anew_where_words_have_changed_and_stay_elsewhere() -> None:
    row = await edit(Rows(PAYLOAD), Hook="Sure, these are far more than forty letters in a row.")
    found = {(each.column, each.flag) for each in row.findings}
    assert {("Fit", "has_cliche"), ("Hook", "forbidden_word"), ("Hook", "over_char_limit")} <= found
    assert not {("Hook", "generic"), ("Hook", "has_quotes")} & found


async def test_one_column_of_an_object_can_be_changed_alone() -> None:
    row = await edit(Rows(PAYLOAD), **{"Fit.why": ""})
    assert row.outputs == (("Fit.fit", "yes"), ("Fit.why", ""), ("Hook", HOOK))
    assert row.edited == (("Fit.why", "soon"),)


async def test_raw_answers_that_are_put_back_end_the_edit() -> None:
    rows = Rows(PAYLOAD)
    await edit(rows, **{"Hook": "Mine.", "Fit.why": "mine"})
    restored = await RawAnswers(RowChanges(Jobs(), rows, Vault())).restore(ADA, "j", 1, fixed=False)
    assert restored.outputs == (("Fit.fit", "yes"), ("Fit.why", "mine"), ("Hook", RAW))
    assert restored.edited == (("Fit.why", "soon"),)


async def test_what_fits_no_row_is_refused_and_changes_nothing() -> None:
    rows = Rows(PAYLOAD)
    with pytest.raises(InvalidRequest) as refused:
        await edit(rows, Name="x")
    assert "Name is no output column of this job; it has Fit.fit, Fit.why, Hook" in str(
        refused.value.violations
    )
    with pytest.raises(InvalidRequest):
        await edit(rows, Hook="é" * 600_000)
    with pytest.raises(RowNotSucceeded):
        await edit(Rows(PAYLOAD, state=FAILED), Hook="x")
    assert rows.replaced == 0
