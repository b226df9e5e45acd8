"""A workbook of 50,000 rows and 20 columns: its reading beside bare python-calamine, and the memory for it.

`python -m tests.bench.files.workbooks` measures this alone. Each reading has a process of its own.
"""

import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import python_calamine
import xlsxwriter

from services.files.parsing.confinement import Confinement
from services.files.parsing.form import Question
from services.files.parsing.workbook_child import read_workbook
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits
from services.files.settings import MIB
from services.files.workbooks.table import TableLimits
from services.files.workbooks.workbook import WorkbookLimits, open_workbook
from tests.bench.figures import Figure

ROWS, COLUMNS = 50_000, 20
ROUNDS = 5
LIMITS = WorkbookLimits(512 * MIB, 100, TableLimits(ROWS, 50 * MIB, MIB, 131_072))


def run() -> Iterator[Figure]:
    """Measure processor seconds of both readers, in turn, and the peak memory of the whole reading."""
    with tempfile.TemporaryDirectory(prefix="smelt-bench-") as folder:
        path = Path(folder) / "large.xlsx"
        make(path)
        bare, ours = float("inf"), float("inf")
        for _ in range(ROUNDS):
            bare, ours = min(bare, _measured("bare", path)), min(ours, _measured("ours", path))
        yield Figure(
            "reading a workbook, ratio to python-calamine",
            bare / ours,
            0.5,
            f"{ROWS:,} rows of {COLUMNS} columns in {ours:.2f} beside {bare:.2f} CPU s",
        )
        whole = _measured("whole", path)
        yield Figure(
            "peak memory of the process that reads it, MiB",
            whole,
            300,
            f"{path.stat().st_size / 1e6:.0f} MB packed; parsed and profiled too",
            above=False,
        )


def make(path: Path) -> None:
    """Write texts, numbers and dates."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, [f"Column {place}" for place in range(COLUMNS)])
    for row in range(1, ROWS + 1):
        for place in range(12):
            sheet.write_string(row, place, f"some text {row * 7919 % 10_007}-{place}")
        for place in range(12, 18):
            sheet.write_number(row, place, row * 1.37 + place)
        for place in range(18, COLUMNS):
            sheet.write_number(row, place, 44_000 + (row + place) % 900, day)
    book.close()


def _measured(what: str, path: Path) -> float:
    command = [sys.executable, "-m", __spec__.name, what, str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _measure(what: str, path: Path) -> float:
    """Return CPU seconds, or for the whole reading the peak memory in MiB."""
    gc.disable()
    started = time.process_time()
    if what == "bare":
        sheet = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        assert sum(1 for _ in sheet.iter_rows()) == ROWS + 1
    elif what == "ours":
        assert len(open_workbook(path.read_bytes(), LIMITS).table) == ROWS + 1
    else:
        limits = Limits(max_columns=100, max_rows=ROWS, max_field_bytes=131_072, max_row_bytes=MIB)
        question = Question(limits, RequestedFormat(), LIMITS, Confinement(512 * MIB, 60))
        with path.open("rb") as source:
            for _ in read_workbook(source, question):
                pass
        return _peak_mib()
    return time.process_time() - started


def _peak_mib() -> float:
    """Return the most memory this process had. `getrusage` would count that of the process it came from."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    if sys.argv[1:]:
        print(_measure(sys.argv[1], Path(sys.argv[2])))
    else:
        for figure in run():
            print(figure)
