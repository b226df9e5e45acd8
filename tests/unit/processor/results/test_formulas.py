"""Cells that a spreadsheet would run become text, and nothing else changes."""

import csv
import io
from collections.abc import AsyncIterator

import pytest

from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.row_result import SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.results import csv_file
from services.processor.results.csv_file import Form
from services.processor.results.formulas import as_text
from services.processor.rows.source import SourceRow
from services.processor.templates.prompt_settings import PromptSettings

RUN = [
    "=1+1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\xa0=1+1",
    "\u3000=1+1",
    "\ufeff=1+1",
    "\uff1d1+1",
    "\uff0b1+cmd",
    "\uff20SUM(A1)",
    '"=1+1"',
    "“=1+1",
    "=cmd|' /C calc'!A0",
    "-1+cmd|' /C calc'!A0",
    "+49 30 (1)*2",
    '=HYPERLINK("http://evil.example","x")',
    "-",
    "=",
    "- a list",
]
KEPT = [
    "",
    "text",
    "-5",
    "+3.2e1",
    "-1.234,56",
    "+1'000.50",
    "-5 %",
    "-$5.00",
    "-5 €",
    ".5",
    "1+1",
    "a=b",
    "'=1+1",
    "mail@example.com",
    "5 - 3",
    "日本",
]


@pytest.mark.promise("S35")
@pytest.mark.parametrize("cell", RUN)
def test_what_would_run_is_text(cell: str) -> None:
    assert as_text(cell) == "'" + cell


@pytest.mark.promise("S35")
@pytest.mark.parametrize("cell", KEPT)
def test_numbers_and_texts_stay_as_they_are(cell: str) -> None:
    assert as_text(cell) == cell


class Made:
    """The stored results of a job."""

    def __init__(self, seal: JobSeal, outputs: list[str]) -> None:
        self._rows = [
            StoredRow(number, SUCCEEDED, 1, "", 0, 100, seal.seal_row(number, RowPayload((output,))))
            for number, output in enumerate(outputs, start=1)
        ]

    async def page(self, job: str, first: int, last: int, *, most_bytes: int) -> list[StoredRow]:
        return self._rows[first - 1 : last]


async def file_of(outputs: list[str], form: Form) -> list[list[str]]:
    seal = JobSeal(bytes(32), "account", "jobs/j")
    step = Step("templates/t", PromptSettings("p", "=made"))
    snapshot = Snapshot(columns=("=own",), steps=(step,), base_url="")

    async def rows() -> AsyncIterator[list[SourceRow]]:
        yield [SourceRow(number, ["=1+1"]) for number in range(1, len(outputs) + 1)]

    pieces = csv_file.pieces(
        "j",
        snapshot,
        form=form,
        chosen=None,
        rows=rows(),
        results=Made(seal, outputs),
        seal=seal,
        account="account",
    )
    content = b"".join([piece async for piece in pieces])
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.mark.promise("S34", "S35")
async def test_results_are_neutral_by_default_and_own_columns_as_they_were() -> None:
    header, *rows = await file_of(RUN + KEPT, Form())
    assert header == ["=own", "'=made"]
    assert rows == [["=1+1", "'" + cell] for cell in RUN] + [["=1+1", cell] for cell in KEPT]


async def test_results_can_be_had_raw() -> None:
    header, *rows = await file_of(RUN, Form(raw=True))
    assert header == ["=own", "=made"]
    assert rows == [["=1+1", cell] for cell in RUN]


@pytest.mark.promise("S35")
async def test_own_columns_are_neutral_too_on_request() -> None:
    header, *rows = await file_of(RUN, Form(neutral_columns=True))
    assert header == ["'=own", "'=made"]
    assert rows == [["'=1+1", "'" + cell] for cell in RUN]
