"""What XlsxWriter writes comes back, and all forms of the same XML mean the same."""

import csv
import datetime
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.files.workbooks.book import Book
from services.files.workbooks.cells import Cells
from services.files.workbooks.sheet import rows
from tests.support.workbooks import csv_of, grid, raw, sheet_xml, strings_xml, styles_xml, written

#: XML has no other characters; XlsxWriter escapes control characters.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufffe\uffff"), min_size=1, max_size=30
)
NUMBER = st.one_of(
    st.integers(-(10**15), 10**15),
    st.floats(-1e12, 1e12, allow_nan=False).map(lambda number: float(f"{number:.15G}")),
)


def table_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_of(content), newline=""), strict=True))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, NUMBER, TEXT), min_size=1, max_size=6), st.booleans())
def test_texts_and_numbers_come_back(cells: list[tuple[str, float, str]], one_by_one: bool) -> None:
    def fill(_: Any, sheet: Any) -> None:
        for number, (first, value, last) in enumerate(cells):
            sheet.write_string(number, 0, first)
            sheet.write_number(number, 1, value)
            sheet.write_string(number, 2, last)

    found = table_of(written(fill, constant_memory=one_by_one))
    assert [(row[0], float(row[1]), row[2]) for row in found] == cells


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.datetimes(datetime.datetime(1900, 3, 1), datetime.datetime(9999, 12, 31)),  # noqa: DTZ001
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_days_and_moments_come_back(moments: list[datetime.datetime], from_1904: bool) -> None:
    moments = [moment.replace(microsecond=0, year=max(1905, moment.year)) for moment in moments]

    def fill(book: Any, sheet: Any) -> None:
        day, moment = (book.add_format({"num_format": code}) for code in ("dd.mm.yyyy", "m/d/yy h:mm:ss"))
        for number, value in enumerate(moments):
            sheet.write_datetime(number, 0, value.date(), day)
            sheet.write_datetime(number, 1, value, moment)

    found = table_of(written(fill, date_1904=from_1904))
    assert found == [[value.date().isoformat(), value.isoformat()] for value in moments]


RICH = """\
<row r="1" spans="1:4" ht="15" customHeight="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>\
<c r="D1" t="inlineStr"><is><t xml:space="preserve"> a &lt;b&gt; &amp; _x0041_ "c" </t></is></c></row>\
<row r="2"/><row r="4" s="1"><c r="A4" s="1"><v>45351</v></c><c r="B4" s="1"/><c r="C4" t="b"><v>1</v></c>\
<c r="D4" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>\
<row r="5"><c r="A5" cm="1"><f t="array" ref="A5">SUM(B1:B2)</f><v>0.10000000000000001</v></c>\
<c r="B5" t="str"><f>""</f><v></v></c><c r="C5"><f ca="1"/><v>3</v></c><c r="D5"><v/></c></row>"""
STRINGS = ("<si><t>Größe</t></si>", "<si><t>zwei\nZeilen</t></si>")
MEANT = '"Größe","zwei\nZeilen",""," a <b> & A ""c"" "\n,,,\n,,,\n2024-02-29,,TRUE,#DIV/0!\n0.1,,3,\n'


def book(sheet: str | bytes) -> bytes:
    return raw(sheet, strings=strings_xml(*STRINGS), styles=styles_xml("yyyy-mm-dd"))


FORMS: dict[str, Callable[[str], Any]] = {
    "as most programs write it": lambda xml: xml,
    "with a prefix": lambda xml: re.sub(r"<(/?)(\w)", r"<\1x:\2", xml.replace("xmlns=", "xmlns:x=")),
    "in UTF-16": lambda xml: xml.replace("UTF-8", "UTF-16").encode("utf-16"),
    "with a mark": lambda xml: b"\xef\xbb\xbf" + xml.encode(),
    "in Latin-1": lambda xml: xml.replace("UTF-8", "ISO-8859-1").encode("latin-1"),
    "with CR LF": lambda xml: xml.replace("><row", ">\r\n  <row"),
    "indented": lambda xml: re.sub(r"(<(?:row|c|v|f|is|/c|/row|/is)\b)", r"\n \1", xml),
    "with single quotes": lambda xml: re.sub(r'="([^"]*)"', r"='\1'", xml),
    "with comments": lambda xml: xml.replace("<c ", "<!-- </row> <c --><c "),
    "with character data": lambda xml: xml.replace("<v>0.1", "<v><![CDATA[0.1]]>"),
    "with numbered entities": lambda xml: xml.replace("&lt;", "&#60;").replace("&amp;", "&#x26;"),
    "without places": lambda xml: re.sub(r'<c r="[AB][15]"', "<c", xml).replace('<row r="5"', "<row"),
    "with attributes in another order": lambda xml: re.sub(r'(r="\w+") (t="\w+")', r"\2 \1", xml),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_all_forms_of_a_sheet_mean_the_same(form: Callable[[str], Any]) -> None:
    assert csv_of(book(form(sheet_xml(RICH)))) == MEANT


@pytest.mark.parametrize("at", [3, 40, 500, 1999])
def test_a_form_may_change_in_the_middle(at: int) -> None:
    plain = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 2000))
    odd = plain.replace(f'<c r="A{at}"', f'<c  r="A{at}"')
    assert csv_of(book(sheet_xml(odd))) == csv_of(book(sheet_xml(plain)))


@given(st.data())
def test_pieces_make_no_difference(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([form(sheet_xml(RICH)) for form in FORMS.values()]))
    content = whole if isinstance(whole, bytes) else whole.encode()
    size = data.draw(st.integers(1, len(content)))
    known = Book((), strings=["Größe", "zwei\nZeilen"], styles={}, from_1904=False)

    def read(pieces: list[bytes]) -> list[object]:
        return list(rows(pieces, "sheet", Cells(known, max_columns=10)))

    assert read([content[at : at + size] for at in range(0, len(content), size)]) == read([content])


def test_strings_in_any_form_mean_the_same() -> None:
    rows_ = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 1}</v></c></row>' for n in range(1, 5))
    items = [
        "<si><t>a &amp; b</t></si>",
        "<si><t>c_x0041_</t></si>",
        "<si><t> d\n</t></si>",
        "<si><t>é</t></si>",
    ]
    plain = strings_xml(*items)
    rich = strings_xml(*items[:2], "<si><r><t> d\n</t></r></si>", items[3])
    wanted = csv_of(raw(sheet_xml(rows_), strings=plain))
    assert wanted == '"a & b"\ncA\n" d\n"\né\n'
    for form in (rich, plain.replace("<si>", "<si >"), plain.replace("&amp;", "&#38;")):
        assert csv_of(raw(sheet_xml(rows_), strings=form)) == wanted


def test_a_table_of_one_column_keeps_its_blank_rows() -> None:
    assert table_of(grid(("a",), (None,), ("b",))) == [["a"], [""], ["b"]]
