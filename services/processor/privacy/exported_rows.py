"""The finished rows of a job in an export, as CSV in which a spreadsheet runs nothing."""

import csv
import io
from collections.abc import Sequence

import orjson

from services.common.aside import go_on
from services.processor.answers import flags
from services.processor.jobs.row_result import FAILED, SKIPPED, SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal
from services.processor.results.formulas import as_text

_COLUMNS = (
    "row",
    "state",
    "attempts",
    "reason",
    "flags",
    "confidence",
    "message",
    "provider_message",
    "raw_answers",
    "answers_before_edits",
)
_STATES = {SUCCEEDED: "SUCCEEDED", FAILED: "FAILED", SKIPPED: "SKIPPED"}


def header(outputs: Sequence[str]) -> bytes:
    """Return the first line for a job with these output columns."""
    return _lines([(*_COLUMNS, *map(as_text, outputs))])


def lines(found: Sequence[StoredRow], seal: JobSeal) -> bytes:
    """Return a line for each row; opening them takes a while."""
    rows = []
    for row in found:
        go_on()
        payload = seal.open_row(row.row, row.payload)
        said = (
            _STATES[row.state],
            row.attempts,
            row.reason,
            " ".join(flags.names(row.flags)),
            row.confidence,
        )
        raw = orjson.dumps(payload.raw).decode() if payload.raw else ""
        former = orjson.dumps(payload.former).decode() if payload.former else ""
        texts = (payload.message, payload.said, raw, former, *payload.outputs)
        rows.append((row.row, *said, *map(as_text, texts)))
    return _lines(rows)


def _lines(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
