"""Workbooks for tests: written by XlsxWriter, or part by part as a stranger may write them."""

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import xlsxwriter

from services.files.workbooks.table import TableLimits
from services.files.workbooks.workbook import Opened, WorkbookLimits, open_workbook

MIB = 1024 * 1024
LIMITS = WorkbookLimits(
    max_bytes=64 * MIB,
    max_columns=100,
    table=TableLimits(max_rows=50_000, max_bytes=50 * MIB, max_row_bytes=MIB, max_field_bytes=131_072),
)
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def written(fill: Callable[[Any, Any], None], **options: object) -> bytes:
    """Return a workbook that XlsxWriter made; `fill(book, sheet)` writes into its sheet, named Sheet1."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, **options})
    fill(book, book.add_worksheet())
    book.close()
    return target.getvalue()


def grid(*rows: tuple[object, ...]) -> bytes:
    """Return a workbook with these rows of texts and numbers."""

    def fill(_: Any, sheet: Any) -> None:
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, place, cell)
                elif cell is not None:
                    sheet.write_number(number, place, cell)

    return written(fill)


def sheet_xml(rows: str, *, head: str = "", tail: str = "") -> str:
    """Return a sheet's part around the XML of its rows."""
    return f'{_XML}<worksheet xmlns="{_MAIN}">{head}<sheetData>{rows}</sheetData>{tail}</worksheet>'


def strings_xml(*items: str) -> str:
    """Return the part of the shared strings around the XML of its items."""
    return f'{_XML}<sst xmlns="{_MAIN}">{"".join(items)}</sst>'


def styles_xml(*codes: str) -> str:
    """Return a part of styles: cells with style 1 have the first of these number formats, and so on."""
    formats = "".join(f'<numFmt numFmtId="{200 + at}" formatCode="{code}"/>' for at, code in enumerate(codes))
    uses = "".join(f'<xf numFmtId="{200 + at}"/>' for at in range(len(codes)))
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts>{formats}</numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        f'<cellXfs><xf numFmtId="0"/>{uses}</cellXfs></styleSheet>'
    )


def raw(
    *sheets: str | bytes,
    strings: str = "",
    styles: str = "",
    book: str = "",
    states: Mapping[int, str] | None = None,
    properties: str = "",
    parts: Mapping[str, str | bytes] | None = None,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """Return a workbook of these parts; the sheets are named S1, S2 and so on."""
    names = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="S{n}" sheetId="{n}" state="{(states or {}).get(n, "visible")}" r:id="rId{n}"/>'
        for n in names
    )
    relations = "".join(_relation(f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in names)
    relations += _relation("rIdS", "sharedStrings", "sharedStrings.xml") if strings else ""
    relations += _relation("rIdF", "styles", "styles.xml") if styles else ""
    content: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": _relations(_relation("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": book
        or f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{properties}<sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(relations),
        **{f"xl/worksheets/sheet{n}.xml": sheet for n, sheet in zip(names, sheets, strict=True)},
    }
    if strings:
        content["xl/sharedStrings.xml"] = strings
    if styles:
        content["xl/styles.xml"] = styles
    return packed({**content, **(parts or {})}, method=method)


def packed(content: Mapping[str, str | bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip with this content."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as package:
        for name, part in content.items():
            # With the same time in each, the same content makes the same bytes.
            package.writestr(zipfile.ZipInfo(name), part, method)
    return target.getvalue()


def opened(content: bytes, sheet: str = "", limits: WorkbookLimits = LIMITS) -> Opened:
    """Open a workbook."""
    return open_workbook(content, limits, sheet)


def csv_of(content: bytes, sheet: str = "", limits: WorkbookLimits = LIMITS) -> str:
    """Return the CSV that a workbook becomes."""
    return b"".join(opened(content, sheet, limits).table.pieces()).decode()


def _relations(inside: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def _relation(id_: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{id_}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
