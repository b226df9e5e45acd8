"""Rows as CSV: long ones are quoted without the csv module, and nobody can tell."""

import csv
import io
import time
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.row_result import PIECE_BYTES, SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.results import csv_lines, result_file
from services.processor.results.form import Form
from services.processor.rows.source import SourceRow
from services.processor.templates.prompt_settings import PromptSettings

LONG = "x" * 70_000
CELLS = st.text(st.sampled_from(list('ab ,;"\r\n\t\0é\u2028')), max_size=12)


def as_the_module_writes(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


@given(st.lists(CELLS, min_size=1, max_size=6), st.integers(0, 5))
def test_a_long_row_is_written_as_the_csv_module_writes_it(cells: list[str], place: int) -> None:
    short, long = [cells], [[*cells[:place], LONG + "".join(cells), *cells[place:]]]
    assert csv_lines.lines(short) == as_the_module_writes(short)
    assert csv_lines.lines(long) == as_the_module_writes(long)
    assert list(csv.reader(io.StringIO(csv_lines.lines(long).decode(), newline=""))) == long


@pytest.mark.promise("S59")
def test_a_megabyte_of_quotes_takes_milliseconds() -> None:
    worst = [['"\n,' * 350_000]]
    took = []
    for _ in range(5):
        began = time.thread_time()
        csv_lines.lines(worst)
        took.append(time.thread_time() - began)
    assert min(took) < 0.02


class Stored:
    """Rows with long answers; notes how much was read at once."""

    def __init__(self, seal: JobSeal, rows: int, answer: str) -> None:
        self._rows = [
            StoredRow(number, SUCCEEDED, 1, "", 0, 100, seal.seal_row(number, RowPayload((answer,))))
            for number in range(1, rows + 1)
        ]
        self.read: list[int] = []

    async def page(self, job: str, first: int, last: int, *, most_bytes: int) -> list[StoredRow]:
        found, size = [], 0
        for row in self._rows[first - 1 : last]:
            if size > most_bytes:
                break
            found.append(row)
            size += len(row.payload)
        self.read.append(size)
        return found


@pytest.mark.promise("S59")
@pytest.mark.parametrize("chosen", [None, [2, 3, 7, 20]])
async def test_long_answers_are_read_and_rendered_a_megabyte_at_a_time(chosen: list[int] | None) -> None:
    seal, answer = JobSeal(bytes(32), "account", "jobs/j"), 'y"' * 150_000
    stored = Stored(seal, 20, answer)
    snapshot = Snapshot(("n",), (Step("templates/t", PromptSettings("p", "Out")),), "")

    async def rows() -> AsyncIterator[list[SourceRow]]:
        for first in (1, 11):
            yield [SourceRow(number, [str(number)]) for number in range(first, first + 10)]

    pieces = [
        piece
        async for piece in result_file.pieces(
            "j",
            snapshot,
            form=Form(),
            chosen=chosen,
            rows=rows(),
            results=stored,
            seal=seal,
            account="account",
        )
    ]
    assert max(map(len, pieces)) <= result_file.PIECE_BYTES
    csv.field_size_limit(10**6)
    found = list(csv.reader(io.StringIO(b"".join(pieces).decode(), newline="")))
    numbers = [*range(1, 21)] if chosen is None else chosen
    assert found == [["n", "Out"], *([str(number), answer] for number in numbers)]
    assert max(stored.read) < PIECE_BYTES + 2 * len(answer) * 2
