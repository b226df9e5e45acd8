"""The rows in an export of an account: a spreadsheet runs nothing of them, as in a result file."""

import csv
import io

import pytest

from services.processor.jobs.row_result import FAILED, SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.privacy import exported_rows


@pytest.mark.promise("S35", "S57")
def test_exported_cells_are_neutral() -> None:
    seal = JobSeal(bytes(32), "account", "jobs/j")
    rows = [
        StoredRow(
            1,
            SUCCEEDED,
            1,
            "",
            0,
            100,
            seal.seal_row(1, RowPayload(("=1+1", "-5", "x;@SUM(A1)"), raw=("Sure! =1",))),
        ),
        StoredRow(
            2, FAILED, 3, "PROVIDER_REJECTED", 0, 50, seal.seal_row(2, RowPayload((), "\xad=no", said="@it"))
        ),
    ]
    content = exported_rows.header(["=made", "b", "c"]) + exported_rows.lines(rows, seal)
    assert list(csv.reader(io.StringIO(content.decode(), newline=""))) == [
        [
            *("row", "state", "attempts", "reason", "flags", "confidence", "message", "provider_message"),
            *("raw_answers", "answers_before_edits", "'=made", "b", "c"),
        ],
        ["1", "SUCCEEDED", "1", "", "", "100", "", "", '["Sure! =1"]', "", "'=1+1", "-5", "x;'@SUM(A1)"],
        ["2", "FAILED", "3", "PROVIDER_REJECTED", "", "50", "'\xad=no", "'@it", "", ""],
    ]
