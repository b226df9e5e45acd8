"""Workbooks that were made to harm their reader, and files that only look like workbooks."""

import struct
import zipfile
import zlib

import pytest

from services.common.errors import DomainError
from services.files.errors import (
    FileInvalidFormat,
    FileMalformed,
    FilePasswordProtected,
    FileTooManyRows,
    FileWorkbookInvalid,
    FileWorkbookTooLarge,
    FileWorkbookUnsupported,
)
from services.files.workbooks.package import is_package
from tests.support.workbooks import MIB, csv_of, packed, raw, sheet_xml, strings_xml

ROW = '<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c></row>'
GOOD = sheet_xml(ROW)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<!DOCTYPE worksheet [<!ENTITY l0 "ha">{LAUGHS}]>'
OUTSIDE = '<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def with_type(declared: str) -> str:
    return GOOD.replace("?>", f"?>{declared}", 1).replace("Name", "&l9;&x;")


@pytest.mark.parametrize("declared", [BOMB, OUTSIDE, "<!DOCTYPE worksheet>"])
def test_no_part_may_declare_entities(declared: str) -> None:
    with pytest.raises(FileWorkbookInvalid):
        csv_of(raw(with_type(declared)))
    strings = strings_xml("<si><t>&l9;</t></si>").replace(
        "?>", f"?>{declared.replace('worksheet', 'sst')}", 1
    )
    with pytest.raises(FileWorkbookInvalid):
        csv_of(raw(GOOD, strings=strings))
    book = f'<?xml version="1.0"?>{declared}<workbook/>'
    with pytest.raises(FileWorkbookInvalid):
        csv_of(raw(GOOD, book=book))


def test_a_zip_bomb_is_stopped_at_the_limit() -> None:
    padding = " " * (65 * MIB)
    with pytest.raises(FileWorkbookTooLarge):
        csv_of(raw(sheet_xml(ROW + padding)))
    with pytest.raises(FileWorkbookTooLarge):
        csv_of(raw(GOOD, strings=strings_xml(padding)))
    with pytest.raises(FileWorkbookTooLarge):
        csv_of(raw(GOOD, parts={"xl/_rels/workbook.xml.rels": f"<Relationships>{padding}</Relationships>"}))


def test_parts_that_are_not_read_may_be_of_any_size_and_kind() -> None:
    parts: dict[str, str | bytes] = {
        "xl/vbaProject.bin": OLE,
        "xl/media/image1.png": bytes(80 * MIB),
        "xl/externalLinks/externalLink1.xml": BOMB,
        "../../outside": "x",
    }
    assert csv_of(raw(GOOD, parts=parts)) == '"Name"\n'


def test_a_sheet_outside_the_package_is_not_fetched() -> None:
    elsewhere = (
        '<Relationships><Relationship Id="rId1" TargetMode="External" Target="http://127.0.0.1:1/sheet.xml" '
        'Type="x/worksheet"/></Relationships>'
    )
    with pytest.raises(FileWorkbookInvalid):
        csv_of(raw(GOOD, parts={"xl/_rels/workbook.xml.rels": elsewhere}))
    above = elsewhere.replace('TargetMode="External" ', "").replace("http://127.0.0.1:1/", "../../../../etc/")
    with pytest.raises(FileWorkbookInvalid):
        csv_of(raw(GOOD, parts={"xl/_rels/workbook.xml.rels": above}))


def test_empty_rows_with_styles_are_no_rows() -> None:
    styled = "".join(
        f'<row r="{n}" s="1" customFormat="1"><c r="A{n}" s="1"/></row>' for n in range(2, 200_000)
    )
    assert csv_of(raw(sheet_xml(ROW + styled))) == '"Name"\n'


def test_a_table_that_only_a_far_cell_makes_large_is_refused() -> None:
    far = '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    with pytest.raises(FileTooManyRows):
        csv_of(raw(sheet_xml(ROW + far)))


@pytest.mark.parametrize(
    "rows",
    [
        ROW.replace("Name", "a\x01b"),
        ROW.replace("Name", "a&nbsp;b"),
        ROW.replace("Name", "a & b"),
        ROW.replace("</is>", ""),
        ROW + ROW,
        '<row r="0"><c r="A0"><v>1</v></c></row>',
        '<row r="1048577"><c r="A1048577"><v>1</v></c></row>',
        '<row r="1"><c r="A2"><v>1</v></c></row>',
        '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
        '<row r="1"><c r="1A"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>0</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
        '<row r="1"><c r="A1" t="x"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>one</v></c></row>',
        '<row r="one"><c r="A1"><v>1</v></c></row>',
        ROW + "<row r='2'",
    ],
)
def test_what_no_spreadsheet_writes_is_refused(rows: str) -> None:
    with pytest.raises(FileWorkbookInvalid):
        csv_of(raw(sheet_xml(rows)))


def test_a_nul_in_a_cell_is_refused_and_other_control_characters_are_data() -> None:
    assert csv_of(raw(sheet_xml(ROW.replace("Name", "a_x0001_b_x001B_")))) == '"a\x01b\x1b"\n'
    with pytest.raises(FileMalformed):
        csv_of(raw(sheet_xml(ROW.replace("Name", "a_x0000_b"))))


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(FileWorkbookInvalid):
        csv_of(raw(GOOD.encode().replace(b"Name", b"N\xffme")))


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (OLE + "EncryptionInfo EncryptedPackage".encode("utf-16-le"), FilePasswordProtected),
        (OLE + "Workbook".encode("utf-16-le"), FileWorkbookUnsupported),
        (OLE + "WordDocument".encode("utf-16-le"), FileInvalidFormat),
        (packed({"[Content_Types].xml": "", "xl/workbook.bin": b""}), FileWorkbookUnsupported),
        (packed({"mimetype": "", "content.xml": ""}), FileWorkbookUnsupported),
        (packed({"Index/Document.iwa": b""}), FileWorkbookUnsupported),
        (packed({"[Content_Types].xml": "", "word/document.xml": ""}), FileInvalidFormat),
        (packed({"table.csv": "a\n1\n"}), FileInvalidFormat),
        (packed({}), FileInvalidFormat),
        (b"PK\x03\x04", FileWorkbookInvalid),
    ],
    ids=["password", "xls", "doc", "xlsb", "ods", "numbers", "docx", "zip", "empty zip", "cut"],
)
def test_what_is_no_workbook_is_named(content: bytes, refusal: type[DomainError]) -> None:
    assert is_package(content[:8])
    with pytest.raises(refusal):
        csv_of(content)


def test_a_text_is_no_package() -> None:
    assert not is_package(b"PK,name\n")


def test_a_package_with_a_flipped_byte_is_refused() -> None:
    content = bytearray(raw(GOOD, method=zipfile.ZIP_STORED))
    content[content.index(b"Name")] ^= 1
    with pytest.raises(FileWorkbookInvalid):
        csv_of(bytes(content))


def test_a_package_with_an_encrypted_part_is_named() -> None:
    content = bytearray(raw(GOOD))
    for mark, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 4)
    with pytest.raises(FilePasswordProtected):
        csv_of(bytes(content))


def test_a_package_of_very_many_parts_is_refused() -> None:
    entry = b"PK\x01\x02" + bytes(42)
    content = entry * 20_000 + b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 20_000, 20_000, 920_000, 0, 0)
    with pytest.raises(FileWorkbookInvalid):
        csv_of(b"PK\x03\x04" + content)


def test_a_part_that_says_it_is_smaller_than_it_is_is_refused() -> None:
    content = bytearray(raw(GOOD, method=zipfile.ZIP_STORED))
    name = b"xl/worksheets/sheet1.xml"
    at = content.rindex(name) - 46
    struct.pack_into("<3L", content, at + 16, zlib.crc32(b"x"), 10, 10)
    with pytest.raises(FileWorkbookInvalid):
        csv_of(bytes(content))


def test_other_methods_of_packing_are_refused() -> None:
    with pytest.raises(FileWorkbookInvalid):
        csv_of(raw(GOOD, method=zipfile.ZIP_LZMA))
