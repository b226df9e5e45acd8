"""Cells that a spreadsheet would run become text, and nothing else changes."""

import csv
import io
import re
import time
import unicodedata
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.row_result import SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.results import result_file
from services.processor.results.form import Form
from services.processor.results.formulas import as_text
from services.processor.rows.source import SourceRow
from services.processor.templates.prompt_settings import PromptSettings

RUN = [
    "=1+1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
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
    # What is not seen, or taken off.
    *(f"{unseen}=1+1" for unseen in "\xad\u061c\u202e\u2066\u180e\x7f\x00\x1b\x9f\u200d\u2064\ufff9"),
    *(
        f"{unseen}@SUM(A1)"
        for unseen in "\u034f\u0301\ufe0f\u115f\u3164\uffa0\u2800\U000e0001\U000e0100\ue000"
    ),
    "\u202e\u200b \xad-2+3",
    "«=1+1",
    "‘=1+1",
    "\uff02=1+1",
    # In other widths and sizes.
    "\ufe621+1",
    "\ufe66SUM(A1)",
    "\ufe631+1",
    "\ufe6bSUM(A1)",
    "\u207c1+1",
    "\u207a1+1",
    # Numbers that can be calculated, and words that may name a cell or do something.
    "+49-30-901820",
    "+49/30/901820",
    "+49 30/901820",
    "+49 30 x901820",
    "+1 2",
    "- item (new)",
    "- A1",
    "- $A$1 and more",
    "- cmd|' /C calc'!A0",
    "- HYPERLINK\uff08x\uff09",
    "- 1 + 1",
    "- see [other]Sheet",
    "-item",
    "--",
    "---",
    "+ item",
    "@anna said",
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
    "+49 30 901820",
    "+49 (0)30 901820",
    "+49 (30) 901820-12",
    "+1 (555) 123-4567",
    "+33 1.23.45.67.89",
    "+44 20 7946 0958",
    " +44 20 7946 0958 ",
    "- item",
    "- first point.\n- second point: more, or not?\n  - a third – of “two”",
    "- Größe und Gewicht",
    "- 日本語",
    "* item",
    "– item",
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


#: Formulas in the middle of a cell, and how the cell is saved: a program that splits at other signs than
#: commas, or breaks a row at a line's end, would begin a cell there.
INSIDE = {
    "\t=1+1": "'\t'=1+1",
    "\r=1+1": "'\r'=1+1",
    "\n=1+1": "'\n'=1+1",
    ";=1+1": "';'=1+1",
    "|=1+1": "'|'=1+1",
    ";;\xad=1+1": "';;\xad'=1+1",
    "hello;=1+1;": "hello;'=1+1;",
    "hello\n=1+1": "hello\n'=1+1",
    "hello\r\n\t\uff1d1+1": "hello\r\n\t'\uff1d1+1",
    "hello|-cmd|' /C calc'!A0": "hello|'-cmd|' /C calc'!A0",
    "hello;\u202e@SUM(A1)": "hello;\u202e'@SUM(A1)",
    "hello\n= HYPERLINK(1)": "hello\n'= HYPERLINK(1)",
    "hello;\uff0dSUM\uff081\uff09": "hello;'\uff0dSUM\uff081\uff09",
    "hello;'=1+1": "hello;'=1+1",
    "Points:\n- Growth (fast)\n- Cost!\nBye": "Points:\n- Growth (fast)\n- Cost!\nBye",
    "Title\n=====\nText": "Title\n=====\nText",
    "Thanks ;-)": "Thanks ;-)",
    "5\n-3\n+4": "5\n-3\n+4",
    "a\n|---|---|\n| 1 | -2 |": "a\n|---|---|\n| 1 | -2 |",
    "if a;b then c=d": "if a;b then c=d",
}


@pytest.mark.promise("S35")
@pytest.mark.parametrize(("cell", "saved"), INSIDE.items())
def test_a_formula_after_another_delimiter_is_text_too(cell: str, saved: str) -> None:
    assert as_text(cell) == saved


def test_every_form_of_a_sign_in_unicode_begins_a_formula() -> None:
    for letter in map(chr, range(0x110000)):
        if unicodedata.normalize("NFKC", letter)[:1] in ("=", "+", "-", "@"):
            assert as_text(f"{letter}SUM(A1)") == f"'{letter}SUM(A1)", ascii(letter)


def test_whatever_is_not_seen_hides_no_formula() -> None:
    """By the categories of Unicode: all but letters, numbers, punctuation and symbols."""
    for number in range(0x110000):
        letter, kind = chr(number), unicodedata.category(chr(number))
        # Of the many that are not assigned, one in a thousand is tried.
        if kind[0] in "CZM" and (kind not in ("Cn", "Co", "Cs") or number % 997 == 0):
            again = "'" if letter in "\t\r\n" else ""
            assert as_text(f"{letter}=1+1") == f"'{letter}{again}=1+1", ascii(letter)


SIGNS = ("=", "+", "-", "@", ";", "|", ",", "\t", "\n", "\r\n", " ", '"', "'", "!", "(", ")")
UNSEEN = ("\xad", "\u202e", "\uff1d", "\uff0b")
WORDS = ("1", "A1", "x", "SUM(A1)", "cmd|' /C calc'!A0", "HYPERLINK (1)", "49 30 901820", "item", "日")
PIECES = st.sampled_from((*SIGNS, *UNSEEN, *WORDS))
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=60)


def first_seen(cell: str) -> str:
    """Return a cell from the first sign on that a person sees, in plain letters."""
    while cell and (unicodedata.category(cell[0])[0] in "CZM" or cell[0] in '"“”„«»‘’'):
        cell = cell[1:]
    return unicodedata.normalize("NFKC", cell)


def does_something(cell: str) -> bool:
    """Whether a cell calls, starts or names anything, as a spreadsheet would read it."""
    seen = first_seen(cell)
    if seen[:1] == "=":
        # No formula begins with a comma, or has a quotation mark alone.
        return bool(seen.strip('= \t\r\n"').split(",")[0])
    return seen[:1] in ("+", "-", "@") and bool(re.search(r"\w\(|!\$?\w|\b[A-Z]+\s+\(", seen))


@pytest.mark.promise("S35")
@given(TEXTS)
def test_no_program_that_splits_a_row_runs_anything_of_it(cell: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["Ada", as_text(cell), "x"], ["Bob", "x", "x"]])
    for delimiter in (",", ";", "|", "\t"):
        for row in csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=delimiter):
            assert [cell for cell in row if does_something(cell)] == []


@pytest.mark.promise("S35")
@given(TEXTS)
def test_only_apostrophes_are_added_and_only_once(cell: str) -> None:
    saved = as_text(cell)
    assert saved.replace("'", "") == cell.replace("'", "")
    assert as_text(saved) == saved
    seen = first_seen(saved)
    if seen[:1] in ("=", "+", "-", "@"):
        # Numbers, phone numbers and words after a dash.
        assert re.fullmatch(r"[-+][\s$€£¥]*[\d.][\d\s.,'()eE+%$€£¥-]*|-\s+[^\W\d_][^()|!\[\]{}@#=\\]*", seen)


@pytest.mark.parametrize(
    "piece",
    ["\n- x", "\n=", "\n", "; ", "\u200b", ";-a(", "- a\n", "|!-", "é;", "\n-HYPER (", "A ", "\xad", "+1 "],
)
def test_the_time_grows_with_the_cell_alone(piece: str) -> None:
    times = []
    for size in (6_000, 60_000):
        cell = piece * (size // len(piece))
        began = time.thread_time()
        for _ in range(3):
            as_text(cell)
        times.append(time.thread_time() - began)
    # Ten times the cell takes ten times as long; a square would take a hundred times.
    assert times[1] < 40 * max(times[0], 0.001)


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

    pieces = result_file.pieces(
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
