"""Files as office programs write them: what is understood, what must be asked for, and what is said of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.common.errors import DomainError
from services.files.reading import batches
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits, Parsed, parse, rows

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=1 << 20)
NOTES = b'Notes:\n"A long ""note"", with a comma."\n\nFirst,Last\nAda,Stone\nBo,Hill\n'
REPORT = b'"Account","Owner"\n"Acme","Ada"\n"Initech","Bo"\n\n\n"All accounts"\n"Do not share"\n\n\n'


@pytest.fixture(autouse=True, params=["blocks of lines", "large blocks"])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read everything also with the text cut at every line that ends."""
    if request.param == "blocks of lines":
        monkeypatch.setattr(batches, "BLOCK", 1)


def cut(content: bytes, step: int) -> Iterator[bytes]:
    return (content[at : at + step] for at in range(0, len(content), step))


def read(content: bytes, step: int = 65_536, **options: Any) -> tuple[Parsed, list[list[str]]]:
    """Return a parse of a file, and its rows as they are read back."""
    found = parse(cut(content, step), LIMITS, RequestedFormat(**options))
    back = list(rows(cut(content[found.index[0] :], step), found.dialect))
    return found, back[: found.row_count]


def refused(content: bytes, **options: Any) -> dict[str, str]:
    with pytest.raises(DomainError) as caught:
        read(content, **options)
    return {"reason": caught.value.reason, **caught.value.metadata}


@pytest.mark.parametrize("step", [1, 65_536])
@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        (b"sep=,\r\nName,City\r\nAda,Bern\r\n", ","),
        (b"sep=;\r\nName;City\r\nAda;Bern\r\n", ";"),
        (b"\xef\xbb\xbfsep=;\nName;City\nAda;Bern\n", ";"),
        (b'"sep=;"\nName;City\nAda;Bern\n', ";"),
        (b"SEP=\t\rName\tCity\rAda\tBern\r", "\t"),
    ],
)
def test_a_line_that_tells_the_delimiter_is_no_data(content: bytes, delimiter: str, step: int) -> None:
    found, back = read(content, step)
    assert (found.columns, back) == (("Name", "City"), [["Ada", "Bern"]])
    assert found.dialect.delimiter == delimiter
    assert found.dialect.separator_line


def test_a_told_delimiter_wins_over_what_the_header_looks_like() -> None:
    found, back = read(b"sep=;\nName, first;City\nAda, B;Bern\n")
    assert (found.columns, back) == (("Name, first", "City"), [["Ada, B", "Bern"]])
    assert read(b"sep=;\na,b;c\n1,2;3\n", delimiter=",")[1] == [["1", "2;3"]]


@pytest.mark.parametrize("step", [1, 65_536])
def test_rows_before_the_header_are_skipped_on_request(step: int) -> None:
    found, back = read(NOTES, step, skip_rows=3)
    assert (found.columns, back) == (("First", "Last"), [["Ada", "Stone"], ["Bo", "Hill"]])
    assert found.dialect.skip_rows == 3
    assert refused(NOTES)["reason"] == "FILE_MALFORMED"
    assert refused(NOTES, skip_rows=7)["reason"] == "FILE_NO_DATA_ROWS"


def test_errors_after_skipped_rows_name_the_line_of_the_file() -> None:
    assert refused(NOTES + b"x\n", skip_rows=3)["line"] == "7"
    assert refused(b"note\na,a\n1,2\n", skip_rows=1)["line"] == "2"


@pytest.mark.parametrize("step", [1, 65_536])
def test_last_rows_are_skipped_on_request(step: int) -> None:
    found, back = read(REPORT, step, skip_last_rows=4)
    assert (found.columns, back) == (("Account", "Owner"), [["Acme", "Ada"], ["Initech", "Bo"]])
    assert found.dialect.quoting == "all"
    assert refused(REPORT)["line"] == "4"
    assert read(REPORT, skip_last_rows=2)[0].row_count == 2
    assert refused(REPORT, skip_last_rows=1)["line"] == "4"
    assert refused(REPORT, skip_last_rows=50)["reason"] == "FILE_NO_DATA_ROWS"


def test_last_rows_are_the_same_ones_wherever_the_text_is_cut() -> None:
    table = b"a,b\n" + b"1,2\n" * 3000
    found, back = read(table + b"\n" * 500 + b"Total\n" + b"\n" * 700, skip_last_rows=501)
    assert (found.row_count, len(back), len(found.index)) == (3000, 3000, 7)
    with pytest.raises(DomainError, match="failed"):
        read(b"a,b\n1,2\n" + b"\n" * 300_000 + b"Total\n", skip_last_rows=1)


@pytest.mark.parametrize("step", [1, 65_536])
def test_a_column_without_name_and_values_is_left_out_and_said_so(step: int) -> None:
    found, back = read(b"Name,,City,, \r\nAda,,Bern,, \r\n,,,,\r\n", step)
    assert (found.columns, back) == (("Name", "City"), [["Ada", "Bern"], ["", ""]])
    assert found.dialect.omitted == (2, 4, 5)
    assert [column.name for column in found.profile.columns] == ["Name", "City"]


def test_a_column_with_values_needs_a_name() -> None:
    said = refused(b"Name,,City,\nAda,,Bern,\nBo,x,Wien,y\n")
    assert (said["line"], said["column"], said["problem"]) == ("3", "2", "a column has values but no name")


@pytest.mark.parametrize("step", [1, 65_536])
def test_without_a_delimiter_a_line_is_a_cell(step: int) -> None:
    content = b'Review\nGreat, quick\nBad, very; bad\t|\n"two\nlines, ""quoted"""\n'
    found, back = read(content, step, delimiter="none")
    assert found.columns == ("Review",)
    assert back == [["Great, quick"], ["Bad, very; bad\t|"], ['two\nlines, "quoted"']]
    assert found.dialect.delimiter == "none"
    assert refused(content)["reason"] == "FILE_MALFORMED"


@pytest.mark.parametrize("step", [1, 2, 65_536])
def test_cr_cr_lf_is_a_line_end_when_there_is_no_other(step: int) -> None:
    found, back = read(b'Name,Note\r\r\nAda,"a\r\nb\nc"\r\r\nBo,x\r\r\n', step)
    assert back == [["Ada", "a\r\nb\nc"], ["Bo", "x"]]
    assert found.dialect.line_end == "crcrlf"
    # One of them between other line ends is a row without a cell.
    found, back = read(b"Word\r\na\r\r\nb\r\n", step)
    assert (back, found.dialect.line_end) == ([["a"], [""], ["b"]], "crlf")


def test_a_late_other_line_end_is_refused_by_its_line() -> None:
    said = refused(b"a,b\r\r\n" + b"1,2\r\r\n" * 40_000 + b"1,2\n3,4\r\r\n")
    assert said["line"] == "40002"
    assert "CR CR LF" in said["problem"]


def test_repeated_names_are_refused_with_both_or_numbered_on_request() -> None:
    content = "Email,Name,Email, Name\u200b,Email (2)\n1,2,3,4,5\n".encode()
    said = refused(content)
    assert (said["name"], said["other"], said["column"]) == ("Email", "Email", "3")
    found, _ = read(content, duplicate_names="number")
    assert found.columns == ("Email", "Name", "Email (3)", " Name\u200b (2)", "Email (2)")
    assert found.dialect.duplicate_names == "number"


def test_the_dialect_says_how_the_file_is_written() -> None:
    marked = read(b'\xef\xbb\xbf"a";"b"\r\n"1";""\r\n')[0].dialect
    assert (marked.byte_order_mark, marked.quoting, marked.line_end) == (True, "all", "crlf")
    plain = read(b'a,b\n"1",2\n')[0].dialect
    assert (plain.byte_order_mark, plain.quoting, plain.line_end) == (False, "minimal", "lf")
    assert read(b'"a"\n' + b'"' + b"x" * 9000 + b'"\n"y"\n')[0].dialect.quoting == "all"
