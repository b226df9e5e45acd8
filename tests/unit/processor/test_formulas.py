"""What a spreadsheet would run becomes text, and nothing else changes."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from services.processor import result_csv
from services.processor.formulas import as_text
from services.processor.job_plan import Snapshot, Step
from services.processor.payloads import JobSeal
from services.processor.row_result import SUCCEEDED, RowResult, StoredRow

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
