"""Results of every kind, opened by LibreOffice: the same cells in their columns, and nothing calculated."""

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pytest

from services.processor.outside import Dialect
from services.processor.results.csv_lines import CsvLines
from services.processor.results.result_file import WritesTable
from services.processor.results.workbook import Workbook
from tests.support.patience import PATIENCE_SECONDS
from tests.unit.processor.results.test_result_formats import file_of

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (`soffice`) is not on the PATH"),
]
_FILTER = "Text - txt - csv (StarCalc)"
TABLE = [
    ["Name", "Ort; Land", "Hook"],
    ["J\u00fcrgen", "K\u00f6ln, am Rhein", "'=1+1"],
    ["007", "1e5", '=HYPERLINK("http://x")'],
    ["\u4e16\u754c \U0001f600", 'say "hi"', "two\nlines"],
    ["2026-01-02", "TRUE", "a|b\tc;d"],
    [" spaces ", "-5", "#N/A"],
]


def opened(path: Path, delimiter: str = "") -> list[list[str]]:
    """Return the cells that LibreOffice shows of a file; every column of CSV is taken as text."""
    assert SOFFICE is not None
    texts = "/".join(f"{number}/2" for number in range(1, len(TABLE[0]) + 1))
    taken = [f"--infilter={_FILTER}:{ord(delimiter)},34,76,1,{texts},0,false,false"] if delimiter else []
    command = [
        SOFFICE,
        f"-env:UserInstallation=file://{path.parent}/profile",
        "--headless",
        *taken,
        "--convert-to",
        f"csv:{_FILTER}:44,34,76,1,,0,true,true,false",
        "--outdir",
        f"{path.parent}/shown",
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=4 * PATIENCE_SECONDS)
    text = (path.parent / "shown" / f"{path.stem}.csv").read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def stored(folder: Path, name: str, writer: WritesTable) -> Path:
    path = folder / name
    path.write_bytes(file_of(writer, TABLE))
    return path


def test_a_workbook_shows_the_same_cells(tmp_path: Path) -> None:
    assert opened(stored(tmp_path, "results.xlsx", Workbook())) == TABLE


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("mark", "quotes"), [(True, False), (False, True)])
def test_csv_shows_the_same_cells(
    tmp_path: Path, delimiter: str, line_end: str, mark: bool, quotes: bool
) -> None:
    writer = CsvLines(Dialect(delimiter, mark, line_end, quotes))
    assert opened(stored(tmp_path, "results.csv", writer), delimiter) == TABLE
