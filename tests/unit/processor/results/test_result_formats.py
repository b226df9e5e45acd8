"""Result files in every format and dialect hold the cells that they were made of, and no others."""

import csv
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits, parse
from services.files.reading.reader import rows as read_rows
from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.row_result import SKIPPED, SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.jobs.stored_snapshot import dump, load
from services.processor.outside import Dialect
from services.processor.results import result_file, workbook
from services.processor.results.csv_lines import CsvLines
from services.processor.results.errors import ResultTooLarge
from services.processor.results.form import Form, Format
from services.processor.results.json_lines import JsonLines
from services.processor.results.workbook import Workbook
from services.processor.rows.source import SourceRow
from services.processor.templates.prompt_settings import PromptSettings

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=1 << 20)
DIALECTS = st.builds(
    Dialect,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    byte_order_mark=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quotes_all=st.booleans(),
)
CELL = st.text(st.sampled_from("ab \"',;|\t\r\n\u00e9\u4e16\u2028\U0001f600\ufeff="), max_size=8)
TABLES = st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), max_size=8))
HELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=8)


def file_of(writer: result_file.WritesTable, table: Sequence[Sequence[str]]) -> bytes:
    """Return a file with a table whose first row are the titles, written in two goes."""
    titles, *rows = table
    half = len(rows) // 2
    try:
        pieces = [writer.begin(titles), writer.rows(rows[:half]), writer.rows(rows[half:]), writer.end()]
    finally:
        writer.close()
    return b"".join(pieces)


@given(TABLES, DIALECTS)
def test_csv_in_any_dialect_is_read_back_by_the_csv_module(table: list[list[str]], dialect: Dialect) -> None:
    table = [["\ufeffName", *map(str, range(1, len(table[0]) if table else 2))], *table]
    content = file_of(CsvLines(dialect), table)
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode()[1 if dialect.byte_order_mark or table[0][0][0] == "\ufeff" else 0 :]
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)) == table
    # The csv module takes every kind of line end; these are the ones that were asked for.
    bare = re.sub('"[^"]*"', "", text.replace('""', ""))
    assert set(re.findall("\r\n|\r|\n", bare)) == {dialect.line_end}


@given(TABLES, DIALECTS)
def test_csv_in_any_dialect_is_read_back_by_our_reader_as_it_was_written(
    table: list[list[str]], dialect: Dialect
) -> None:
    width = len(table[0]) if table else 2
    table = [[f"Name {number}" for number in range(width)], *table, ["x"] * width]
    content = file_of(CsvLines(dialect), table)
    found = parse(iter([content]), LIMITS, RequestedFormat(delimiter=dialect.delimiter))
    back = list(read_rows(iter([content[found.index[0] :]]), found.dialect))
    assert [list(found.columns), *back] == table
    assert (found.dialect.byte_order_mark, found.dialect.delimiter) == (
        dialect.byte_order_mark,
        dialect.delimiter,
    )


def test_a_blank_line_is_never_written_for_a_row_of_one_empty_cell() -> None:
    for line_end in ("\n", "\r\n", "\r"):
        assert file_of(CsvLines(Dialect(line_end=line_end)), [["a"], [""], ["b"]]) == (
            f'a{line_end}""{line_end}b{line_end}'.encode()
        )


@given(TABLES)
def test_json_lines_hold_an_object_for_each_row(table: list[list[str]]) -> None:
    titles = [f"Name {number}" for number in range(len(table[0]) if table else 2)]
    lines = file_of(JsonLines(), [titles, *table]).decode().split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == [dict(zip(titles, row, strict=True)) for row in table]


def sheet_of(content: bytes, name: str = "Results") -> list[list[str]]:
    found = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(name)
    return [[str(cell) for cell in row] for row in found.to_python(skip_empty_area=False)]


@given(st.integers(1, 30).flatmap(lambda n: st.lists(st.lists(HELD, min_size=n, max_size=n), max_size=4)))
def test_a_workbook_is_read_back_by_two_libraries(table: list[list[str]]) -> None:
    width = len(table[0]) if table else 2
    table = [[f"Name {number}" for number in range(width)], *table, ["x"] * width]
    content = file_of(Workbook(), table)
    assert sheet_of(content) == table
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Results"]
    told = [[_opened(cell.value) for cell in row] for row in sheet.iter_rows()]
    assert told == table
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} == {"s"}


def _opened(value: object) -> str:
    """Return a text of openpyxl, which leaves `_xHHHH_` as it is."""
    text = "" if value is None else str(value)
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


@pytest.mark.promise("S34")
@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "007", "1e5", "2026-01-02", "TRUE", "#N/A"])
def test_a_workbook_holds_texts_and_no_formula(cell: str) -> None:
    content = file_of(Workbook(), [["A"], [cell]])
    assert sheet_of(content) == [["A"], [cell]]
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Results"]
    assert (sheet["A2"].value, sheet["A2"].data_type, sheet["A2"].number_format) == (cell, "s", "@")
    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert [each.tag for each in ElementTree.fromstring(xml).iter() if each.tag.endswith("}f")] == []


def test_lines_in_a_cell_end_as_a_workbook_ends_them() -> None:
    assert sheet_of(file_of(Workbook(), [["A"], ["a\r\nb\rc\nd"]])) == [["A"], ["a\nb\nc\nd"]]


@pytest.mark.parametrize(("character", "units"), [("x", 1), ("\U0001f600", 2)])
def test_a_cell_that_is_too_long_is_cut_coloured_and_listed(character: str, units: int) -> None:
    fits, longer = character * (32_767 // units), character * (32_768 // units)
    content = file_of(Workbook(), [["A", "B"], ["kept", fits], [longer, "kept"]])
    whole, (cut, kept) = sheet_of(content)[1:]
    assert whole == ["kept", fits]
    assert (cut, kept) == (character * (32_766 // units) + "\u2026", "kept")
    assert sheet_of(content, "Cut cells") == [["Row", "Column", "Characters"], ["3", "A", "32768"]]
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book["Results"]["A3"].fill.fgColor.rgb == "FFFFEB9C"
    assert book["Results"]["B2"].fill.fill_type is None


def test_a_workbook_without_cut_cells_has_one_sheet() -> None:
    assert CalamineWorkbook.from_filelike(io.BytesIO(file_of(Workbook(), [["A"]]))).sheet_names == ["Results"]


def test_cells_that_were_cut_are_listed_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_LISTED", 3)
    content = file_of(Workbook(), [["A", "B"], *[["x" * 40_000] * 2] * 4])
    assert [row[0] for row in sheet_of(content, "Cut cells")] == ["Row", "2", "2", "3"]


def test_more_rows_or_columns_than_a_workbook_holds_are_refused_with_both_numbers() -> None:
    workbook.check_size(rows=1_048_575, columns=16_384)
    for rows, columns in ((1_048_576, 1), (1, 16_385)):
        with pytest.raises(ResultTooLarge) as refused:
            workbook.check_size(rows=rows, columns=columns)
        assert f"{rows:,} rows and {columns:,} columns" in refused.value.message
        assert refused.value.metadata == {"rows": str(rows), "columns": str(columns)}


def test_a_sheet_of_more_bytes_than_excel_reads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_SHEET_BYTES", 5_000)
    with pytest.raises(ResultTooLarge):
        file_of(Workbook(), [["A"], *[["x" * 1000]] * 5])


def test_a_workbook_is_sent_while_it_is_written() -> None:
    writer = Workbook()
    sent = len(writer.begin(["A", "B"]))
    held = 0
    for number in range(200):
        # What cannot be compressed must leave soon after it came.
        piece = writer.rows([[f"{number * 7919 % 104729:x}" * 50, "y"] for _ in range(50)])
        sent, held = sent + len(piece), max(held, len(piece))
    assert len(writer.end()) < 64 * 1024
    assert held < 256 * 1024


class Made:
    """The stored results of a job: its first row succeeded, the second was skipped."""

    def __init__(self, seal: JobSeal) -> None:
        self._rows = [
            StoredRow(1, SUCCEEDED, 1, "", 0, 100, seal.seal_row(1, RowPayload(("=made; up",)))),
            StoredRow(2, SKIPPED, 0, "", 0, 0, seal.seal_row(2, RowPayload(()))),
        ]

    async def page(self, job: str, first: int, last: int, *, most_bytes: int) -> list[StoredRow]:
        return self._rows[first - 1 : last]


async def result_of(form: Form, dialect: Dialect | None = None) -> bytes:
    seal = JobSeal(bytes(32), "account", "jobs/j")
    step = Step("templates/t", PromptSettings("p", "Hook"))
    snapshot = Snapshot(("Name",), (step,), "", dialect=dialect or Dialect())

    async def rows() -> AsyncIterator[list[SourceRow]]:
        yield [SourceRow(1, ["J\u00fcrgen"]), SourceRow(2, [" "])]

    pieces = result_file.pieces(
        "j",
        snapshot,
        form=form,
        chosen=None,
        rows=rows(),
        results=Made(seal),
        seal=seal,
        account="account",
    )
    return b"".join([piece async for piece in pieces])


EUROPEAN = Dialect(";", byte_order_mark=True, line_end="\n", quotes_all=True)


async def test_a_result_is_written_as_its_file_was() -> None:
    expected = '\ufeff"Name";"Hook"\n"J\u00fcrgen";"\'=made; up"\n" ";""\n'
    assert (await result_of(Form(), EUROPEAN)).decode() == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (Form(delimiter="\t"), '\ufeff"Name"\t"Hook"\n"J\u00fcrgen"\t"\'=made; up"\n" "\t""\n'),
        (Form(byte_order_mark=False), '"Name";"Hook"\n"J\u00fcrgen";"\'=made; up"\n" ";""\n'),
        (Form(line_end="\r"), '\ufeff"Name";"Hook"\r"J\u00fcrgen";"\'=made; up"\r" ";""\r'),
        (Form(quotes_all=False), '\ufeffName;Hook\nJ\u00fcrgen;"\'=made; up"\n ;\n'),
    ],
)
async def test_each_part_of_the_dialect_can_be_chosen_by_itself(form: Form, expected: str) -> None:
    assert (await result_of(form, EUROPEAN)).decode() == expected


@pytest.mark.promise("S34", "S35")
async def test_new_cells_that_look_like_formulas_are_text_in_every_format() -> None:
    for raw, hook in ((False, "'=made; up"), (True, "=made; up")):
        table = [["Name", "Hook"], ["J\u00fcrgen", hook], [" ", ""]]
        assert sheet_of(await result_of(Form(format=Format.XLSX, raw=raw))) == table
        lines = (await result_of(Form(format=Format.JSONL, raw=raw))).splitlines()
        assert [list(json.loads(line).values()) for line in lines] == table[1:]


def test_a_job_keeps_how_its_file_was_written_and_one_of_an_earlier_release_writes_as_it_did() -> None:
    step = Step("templates/t", PromptSettings("p", "Hook"))
    for dialect in (Dialect(), EUROPEAN):
        snapshot = Snapshot(("Name",), (step,), "", dialect=dialect)
        assert load(dump(snapshot)) == snapshot
    assert b"dialect" not in dump(Snapshot(("Name",), (step,), ""))
