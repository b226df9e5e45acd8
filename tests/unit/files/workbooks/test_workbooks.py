"""Workbooks as people have them become the table that their sheet shows."""

import datetime
import io
from typing import Any

import pytest
import python_calamine

from services.files.errors import (
    FileFormulasNotCalculated,
    FileMalformed,
    FileNoDataRows,
    FileSheetNotFound,
    FileTooLarge,
    FileTooManyColumns,
    FileTooManyRows,
)
from services.files.workbooks.workbook import SheetInfo
from tests.support.workbooks import (
    LIMITS,
    csv_of,
    grid,
    opened,
    raw,
    sheet_xml,
    strings_xml,
    styles_xml,
    written,
)

MOMENT = datetime.datetime(2024, 2, 29, 13, 5, 6)  # noqa: DTZ001  as Excel has it


def row(number: int, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


def text(place: str, content: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{content}</t></is></c>'


HEADER = row(1, text("A1", "Name"), text("B1", "Value"))


def test_each_kind_of_cell_is_read_as_the_sheet_shows_it() -> None:
    def fill(book: Any, sheet: Any) -> None:
        def form(code: str) -> Any:
            return book.add_format({"num_format": code})

        sheet.write_row(0, 0, ["what", "cell"])
        sheet.write_row(1, 0, ["number", 1234.5])
        sheet.write_row(2, 0, ["percent", 0.25], form("0%"))
        sheet.write_row(3, 0, ["yes", True])
        sheet.write_formula(4, 1, "=A2&A3", value="cached")
        sheet.write_formula(5, 1, "=1/0", value="#DIV/0!")
        sheet.write_datetime(6, 1, MOMENT, form("yyyy-mm-dd"))
        sheet.write_datetime(7, 1, MOMENT, form("d.m.yyyy h:mm"))
        sheet.write_number(8, 1, 1234, form("00000"))
        sheet.write_string(9, 1, "00012")
        sheet.write_string(10, 1, 'a "quoted", long\nnote')
        sheet.write_url(11, 1, "https://example.com/", string="site")
        sheet.write_rich_string(12, 1, "half ", book.add_format({"bold": True}), "bold")

    assert csv_of(written(fill)).splitlines() == [
        '"what","cell"',
        "number,1234.5",
        "percent,0.25",
        "yes,TRUE",
        ",cached",
        ",#DIV/0!",
        ",2024-02-29",
        ",2024-02-29T13:05",
        ",01234",
        ",00012",
        ',"a ""quoted"", long',
        'note"',
        ",site",
        ",half bold",
    ]


def test_a_merged_cell_has_its_value_once() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["a", "b"])
        sheet.merge_range(1, 0, 2, 1, "both")
        sheet.write(3, 1, "end")

    assert csv_of(written(fill)) == '"a","b"\nboth,\n,\n,end\n'


def test_blank_rows_stay_between_rows_and_go_around_them() -> None:
    rows = row(3, text("B3", "Name")) + row(5, text("B5", "Ada")) + '<row r="9" s="1"><c r="B9" s="1"/></row>'
    made = opened(raw(sheet_xml(rows)))
    assert b"".join(made.table.pieces()) == b'"","Name"\n,\n,Ada\n'
    assert made.table.first_row == 3


def test_sheets_are_listed_and_the_first_visible_one_with_rows_is_read() -> None:
    data = sheet_xml(HEADER + row(2, text("A2", "Ada")) + row(3, text("A3", "Bo")))
    book = raw(data, sheet_xml(""), data, data, states={1: "hidden", 4: "veryHidden"})
    made = opened(book)
    assert made.number == 3
    assert made.sheets == (
        SheetInfo("S1", 2, hidden=True),
        SheetInfo("S2", 0, hidden=False),
        SheetInfo("S3", 2, hidden=False),
        SheetInfo("S4", 2, hidden=True),
    )


def test_a_sheet_is_chosen_by_name() -> None:
    book = raw(
        sheet_xml(row(1, text("A1", "one"))), sheet_xml(row(1, text("A1", "two"))), states={2: "hidden"}
    )
    assert csv_of(book, "S2") == csv_of(book, " s2") == '"two"\n'
    with pytest.raises(FileSheetNotFound) as refused:
        csv_of(book, "S3")
    assert refused.value.metadata == {"sheet": "S3", "sheets": "S1, S2"}


def test_what_is_wrong_with_another_sheet_is_no_reason_to_refuse() -> None:
    wide = sheet_xml(row(1, text("A1", "n"), text("ZZ1", "far")))
    made = opened(raw(sheet_xml(HEADER + row(2, text("A2", "Ada"))), wide, "<worksheet>"))
    assert [sheet.row_count for sheet in made.sheets] == [1, 0, 0]


def test_days_count_from_1904_where_the_workbook_says_so() -> None:
    rows = row(1, text("A1", "day")) + row(2, '<c r="A2" s="1"><v>43889</v></c>')
    made = raw(sheet_xml(rows), styles=styles_xml("yyyy-mm-dd"), properties='<workbookPr date1904="1"/>')
    assert csv_of(made) == '"day"\n2024-02-29\n'


def test_shared_strings_keep_runs_and_drop_readings() -> None:
    strings = strings_xml(
        "<si><t>Name</t></si>",
        "<si><r><t>東</t></r><r><t xml:space='preserve'>京 &amp; co</t></r>"
        "<rPh sb='0' eb='1'><t>トウ</t></rPh></si>",
        "<si/>",
    )
    rows = "".join(row(n + 1, f'<c r="A{n + 1}" t="s"><v>{n}</v></c>') for n in range(3))
    assert csv_of(raw(sheet_xml(rows), strings=strings)) == '"Name"\n東京 & co\n'


def test_formulas_that_nobody_calculated_are_refused_with_the_first() -> None:
    rows = HEADER + row(2, text("A2", "x"), '<c r="B2"><f>1+1</f></c>')
    with pytest.raises(FileFormulasNotCalculated) as refused:
        csv_of(raw(sheet_xml(rows)))
    assert refused.value.metadata == {"cell": "B2"}


def test_a_formula_without_a_value_among_calculated_ones_is_an_empty_cell() -> None:
    rows = HEADER + row(2, '<c r="A2"><f>1+1</f><v>2</v></c>', '<c r="B2"><f>C9</f></c>')
    assert csv_of(raw(sheet_xml(rows))) == '"Name","Value"\n2,\n'


@pytest.mark.parametrize("sheets", [[sheet_xml("")], [sheet_xml('<row r="1"><c r="A1" s="1"/></row>')] * 2])
def test_an_empty_workbook_has_no_rows(sheets: list[str]) -> None:
    with pytest.raises(FileNoDataRows):
        csv_of(raw(*sheets))


def test_the_limits_of_a_table_hold_before_it_is_made() -> None:
    far = HEADER + row(1_000_000, text("A1000000", "far"))
    with pytest.raises(FileTooManyRows):
        csv_of(raw(sheet_xml(far)))
    with pytest.raises(FileTooManyColumns):
        csv_of(raw(sheet_xml(row(1, text("XFD1", "far")))))
    many = strings_xml(f"<si><t>{'x' * 100_000}</t></si>")
    rows = "".join(row(n, f'<c r="A{n}" t="s"><v>0</v></c>') for n in range(1, 1000))
    with pytest.raises(FileTooLarge):
        csv_of(raw(sheet_xml(rows), strings=many))


def test_a_cell_that_is_too_long_is_named_by_its_row() -> None:
    rows = HEADER + row(7, text("A7", "x" * (LIMITS.table.max_field_bytes + 1)))
    with pytest.raises(FileMalformed) as refused:
        csv_of(raw(sheet_xml(rows)))
    assert refused.value.metadata["row"] == "7"


def test_a_line_of_the_csv_is_found_in_the_sheet() -> None:
    table = opened(grid(("a",), ("two\nlines",), ("b",))).table
    assert [table.row_of_line(line) for line in range(1, 6)] == [1, 2, 2, 3, 3]


def test_another_reader_of_workbooks_reads_the_same() -> None:
    def fill(_: Any, sheet: Any) -> None:
        for number in range(300):
            sheet.write_row(number, 0, [f"text {number}", number * 1.25, "Größe & <co>", -number])

    made = written(fill)
    other = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(made)).get_sheet_by_index(0).to_python()
    lines = csv_of(made).splitlines()
    assert lines[1:] == [
        ",".join(cell if isinstance(cell, str) else f"{cell:.16g}" for cell in row) for row in other[1:]
    ]
