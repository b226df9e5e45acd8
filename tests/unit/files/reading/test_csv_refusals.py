"""What is refused, with which reason and which line, however the bytes are cut into pieces."""

import gzip
import zipfile
from io import BytesIO

import pytest

from services.common.errors import DomainError
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits, Parsed, parse

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=1 << 20)


def parsed(content: bytes, step: int = 65_536, limits: Limits = LIMITS) -> Parsed:
    return parse((content[at : at + step] for at in range(0, len(content), step)), limits)


def refusal(content: bytes, step: int = 65_536) -> tuple[str, str, dict[str, str]]:
    with pytest.raises(DomainError) as caught:
        parsed(content, step)
    return caught.value.reason, caught.value.message, caught.value.metadata


MALFORMED: list[tuple[str, bytes, str]] = [
    ("ragged, too few", b"a,b\n1,2\n3\n", "3"),
    ("ragged, too many", b"a,b\n1,2\n3,4,5\n", "3"),
    ("ragged after a cell of two lines", b'a,b\n"1\n1",2\n3\n', "4"),
    ("ragged, itself of two lines", b'a,b\n"1\n1",2,3\n', "2"),
    ("ragged with lone CR", b"a,b\r1,2\r3\r", "3"),
    ("ragged with mixed line ends", b"a,b\r\n1,2\n3,4\r5\n", "4"),
    ("unclosed quote", b'a,b\n1,2\n3,"4\n5,6\n7,8\n', "3"),
    ("unclosed quote after a cell of two lines", b'a,b\n"1\n1","2\n3,4\n', "3"),
    ("unclosed quote in the header", b'a,"b\n1,2\n', "1"),
    ("unclosed quote that swallows the file", b'a,b\n1,"2\n' + b"3,4\n" * 400_000, "2"),
    ("quote closed by a later row's", b'a,b\n1,"2\n3,"4"\n', "2"),
    ("junk after a closing quote", b'a,b\n1,2\n"3"x,4\n', "3"),
    ("space before an opening and after a closing quote", b'a,b\n"1" ,2\n', "2"),
    ("empty line between rows", b"a,b\n1,2\n\n3,4\n", "3"),
    ("NUL", b"a,b\n1,2\n3,\x004\n", "3"),
    ("NUL after U+2028, NEL and VT", "a,b\n1\u2028,\u0085\v\n3,\0\n".encode(), "3"),
    ("cell one byte too long", b"a,b\n1," + b"x" * 131_073 + b"\n", "2"),
    ("quoted cell one byte too long", b'a,b\n1,"' + b"x" * 131_073 + b'"\n', "2"),
    ("UTF-16 cell too long", ("a,b\n1," + "x" * 65_537 + "\n").encode("utf-16"), "2"),
    ("row too long", b"a,b\n" + b"x" * 2_000_000, "2"),
    ("ten million columns", b"a,b\n" + b"," * 10_000_000, "2"),
    ("ten million columns in the header", b"a," * 10_000_000 + b"b\n1\n", "1"),
    ("duplicate header", b"a,b,a\n1,2,3\n", "1"),
    ("duplicate header but for spaces", b"a, a\n1,2\n", "1"),
    ("value below an empty header name", b"a,\n1,\n1,2\n", "3"),
    ("value below a blank header name", b"a, \n1,2\n", "2"),
    ("endless header name", b"a," + b"b" * 1025 + b"\n1,2\n", "1"),
]


@pytest.mark.promise("S33")
@pytest.mark.parametrize(("content", "line"), [case[1:] for case in MALFORMED], ids=[c[0] for c in MALFORMED])
def test_a_malformed_line_is_named(content: bytes, line: str) -> None:
    for step in (65_536, 7) if len(content) < 1000 else (65_536,):
        reason, message, metadata = refusal(content, step)
        assert (reason, message) == ("FILE_MALFORMED", "File processing failed")
        assert metadata["line"] == line
        assert metadata["problem"]
        assert ("limit" in metadata) == (
            "too long" in metadata["problem"] and "name" not in metadata["problem"]
        )


@pytest.mark.promise("S33")
@pytest.mark.parametrize("bad", [b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_what_only_looks_like_utf_8_is_none(bad: bytes) -> None:
    """Too long forms, half pairs and numbers beyond the last character: refused where UTF-8 is requested."""
    content = "Größe\n".encode() + bad + b"\n"
    with pytest.raises(DomainError) as caught:
        parse([content], LIMITS, RequestedFormat(encoding="utf-8"))
    assert (caught.value.reason, caught.value.metadata["offset"]) == ("FILE_ENCODING", "8")


def test_a_duplicate_name_is_told() -> None:
    assert refusal("Größe,Größe\n1,2\n".encode("cp1252"))[2]["name"] == "Größe"


def zipped() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
    return out.getvalue()


OTHERS: list[tuple[str, bytes, str, str]] = [
    *(
        (name, content, "FILE_NO_DATA_ROWS", "File contains no data rows")
        for name, content in {
            "nothing": b"",
            "a byte order mark alone": b"\xef\xbb\xbf",
            "two byte order marks": b"\xef\xbb\xbf" * 2,
            "a byte order mark of UTF-16": b"\xff\xfe",
            "another byte order mark of UTF-16": b"\xfe\xff",
            "empty lines only": b"\n\r\n\n",
            "one line end": b"\r",
            "blank lines only": b"  \n\t\r\n \v\f\n",
            "blank lines after a mark": b"\xef\xbb\xbf\n \n",
            "blank lines in UTF-16": "\n \r\n".encode("utf-16"),
            "blank lines for longer than the sample": b" \n" * 70_000,
            "a line that names the delimiter": b"sep=;",
            "that line, ended": b"sep=,\r\n",
            "that line and blank ones": b"\xef\xbb\xbfSEP=\t\n\n  \n",
            "that line in quotes": b'"sep=;"\n',
            "that line in UTF-16": "sep=|\r\n".encode("utf-16"),
            "that line without a delimiter": b"sep=\n",
            "header only": b"a,b\n",
            "header without an end": b"a,b",
            "header and empty lines": b"a,b\n\n\n",
            "header of one column": b"a",
            "header of one column and empty lines": b"a\r\n\r\n\r\n",
        }.items()
    ),
    (
        "blank lines before a header",
        b" \n" * 70_000 + b"a,b\n1,2\n",
        "FILE_NO_COLUMNS",
        "No columns detected",
    ),
    ("delimiters only", b",,\n,,\n", "FILE_NO_COLUMNS", "No columns detected"),
    ("no header", b"\na,b\n1,2\n", "FILE_NO_COLUMNS", "No columns detected"),
    ("a header of nothing", b",,\n1,2,3\n", "FILE_NO_COLUMNS", "No columns detected"),
    (
        "101 columns",
        b",".join(b"c%d" % n for n in range(101)) + b"\n",
        "FILE_TOO_MANY_COLUMNS",
        "Too many columns",
    ),
    ("50,001 rows", b"a,b\n" + b"1,2\n" * 50_001, "FILE_TOO_MANY_ROWS", "Too many rows"),
    ("empty lines without end", b"a\n1\n" + b"\n" * 50_001, "FILE_TOO_MANY_ROWS", "Too many rows"),
    ("gzip", gzip.compress(b"a,b\n1,2\n"), "FILE_INVALID_FORMAT", "Invalid file format"),
    ("zip", zipped(), "FILE_INVALID_FORMAT", "Invalid file format"),
    ("PDF", b"%PDF-1.7\n", "FILE_INVALID_FORMAT", "Invalid file format"),
    ("PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "FILE_INVALID_FORMAT", "Invalid file format"),
    ("HTML", b"\n<!DOCTYPE html><html></html>", "FILE_INVALID_FORMAT", "Invalid file format"),
    ("JSON", b'{"a": 1, "b": 2}\n', "FILE_INVALID_FORMAT", "Invalid file format"),
    ("binary", bytes(range(256)) * 4, "FILE_INVALID_FORMAT", "Invalid file format"),
    (
        "UTF-16 without its mark",
        "a,b\n1,2\n".encode("utf-16-le"),
        "FILE_ENCODING",
        "Encoding error",
    ),
    ("UTF-32", "a,b\n1,2\n".encode("utf-32"), "FILE_ENCODING", "Encoding error"),
    ("UTF-16 cut in a character", "a,b\n1,2\n".encode("utf-16")[:-1], "FILE_ENCODING", "Encoding error"),
    ("UTF-16 with half a pair", b"\xff\xfe" + b"a\0\n\0\x00\xd8\n\0", "FILE_ENCODING", "Encoding error"),
    ("a mark that lies", b"\xef\xbb\xbfa,b\n\xff,2\n", "FILE_ENCODING", "Encoding error"),
    (
        "UTF-8 but for a byte",
        "a,b\né,ü\n\udcff,2\n".encode("utf-8", "surrogateescape"),
        "FILE_ENCODING",
        "Encoding error",
    ),
]


@pytest.mark.parametrize(
    ("content", "reason", "message"), [c[1:] for c in OTHERS], ids=[c[0] for c in OTHERS]
)
def test_every_other_refusal_has_its_reason(content: bytes, reason: str, message: str) -> None:
    for step in (65_536, 3) if len(content) < 2000 else (65_536,):
        assert refusal(content, step)[:2] == (reason, message)


def test_an_encoding_error_names_the_byte() -> None:
    assert refusal(b"\xef\xbb\xbfa,b\n\xff,2\n")[2] == {"offset": "7", "line": "2"}
    bad = "Größe,b\nWeiß,2\n".encode() * 2 + b"x,\xff\n"
    for step in (1, 5, 65_536):
        assert refusal(bad, step=step)[2] == {"offset": "38", "line": "5"}


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_late_bad_byte_does_not_make_the_file_another_encoding(end: bytes) -> None:
    good = "ä,b".encode() + end
    reason, _, metadata = refusal(good + good.replace(b"b", b"1") * 30_000 + b"\xe9,y" + end + good)
    offset = len(good) * 30_001
    assert (reason, metadata) == ("FILE_ENCODING", {"offset": str(offset), "line": "30002"})


TOLD_WRONGLY = [
    (b"a,b\n\xff,2\n", "utf-8", "FILE_ENCODING", {"offset": "4", "line": "2"}),
    (b"a,b\n1,\x81\n", "windows-1252", "FILE_ENCODING", {"offset": "6", "line": "2"}),
    ("a,b\n1,2\n".encode("utf-16"), "utf-8", "FILE_ENCODING", {"offset": "0", "line": "1"}),
    ("a,b\n1,2\n".encode("utf-16"), "latin-1", "FILE_ENCODING", {"offset": "0", "line": "1"}),
    ("a,b\n1,2\n".encode("utf-16"), "utf-16-be", "FILE_ENCODING", {"offset": "0", "line": "1"}),
    (b"a,b\n1,2\n", "utf-16-le", "FILE_NO_DATA_ROWS", {}),
    (b"a,b\n1,22\n", "utf-16-be", "FILE_ENCODING", {"offset": "8", "line": "1"}),
    (gzip.compress(b"a,b\n1,2\n", mtime=0), "latin-1", "FILE_INVALID_FORMAT", {}),
]


@pytest.mark.parametrize(("content", "encoding", "reason", "metadata"), TOLD_WRONGLY)
def test_an_encoding_that_does_not_fit_is_refused(
    content: bytes, encoding: str, reason: str, metadata: dict[str, str]
) -> None:
    for step in (3, 1000):
        with pytest.raises(DomainError) as caught:
            parse(
                (content[at : at + step] for at in range(0, len(content), step)),
                LIMITS,
                RequestedFormat(encoding),
            )
        assert (caught.value.reason, caught.value.metadata) == (reason, metadata)
