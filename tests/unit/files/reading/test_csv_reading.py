"""What is accepted: encodings, delimiters, line ends, exact counts, and the same rows back from any place."""

import csv
import io
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.files.reading import batches
from services.files.reading.dialect import RequestedFormat
from services.files.reading.encodings import CODECS
from services.files.reading.format import DELIMITERS
from services.files.reading.reader import INDEX_EVERY, Limits, Parsed, parse, rows

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=1 << 20)


@pytest.fixture(autouse=True, params=["blocks of lines", "large blocks"])
def block(request: pytest.FixtureRequest) -> Iterator[None]:
    """Read everything also with the text cut at every line that ends."""
    whole = batches.BLOCK
    if request.param == "blocks of lines":
        batches.BLOCK = 1
    yield
    batches.BLOCK = whole


def pieces(content: bytes, step: int) -> list[bytes]:
    return [content[at : at + step] for at in range(0, len(content), step)]


def parsed(content: bytes, step: int = 65_536, requested: RequestedFormat = RequestedFormat()) -> Parsed:  # noqa: B008
    return parse(iter(pieces(content, step)), LIMITS, requested)


def all_rows(content: bytes, found: Parsed, step: int = 65_536) -> list[list[str]]:
    return list(rows(pieces(content[found.index[0] :], step), found.dialect))[: found.row_count]


TEXT = 'Größe,"Preis, €"\n"ein ""Zitat""",1\n"zwei\nZeilen",2\n'
ROWS = [['ein "Zitat"', "1"], ["zwei\nZeilen", "2"]]
ENCODED = [
    (TEXT.encode(), "utf-8"),
    (b"\xef\xbb\xbf" + TEXT.encode(), "utf-8"),
    (b"\xff\xfe" + TEXT.encode("utf-16-le"), "utf-16-le"),
    (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16-be"),
    (TEXT.encode("cp1252"), "windows-1252"),
    (TEXT.encode("mac_roman"), "mac-roman"),
]


@pytest.mark.parametrize(("content", "encoding"), ENCODED, ids=["plain", "bom", "le", "be", "1252", "mac"])
@pytest.mark.parametrize("step", [1, 2, 3, 1000])
def test_encodings_are_told_apart(content: bytes, encoding: str, step: int) -> None:
    found = parsed(content, step)
    assert found.dialect.encoding == encoding
    assert found.columns == ("Größe", "Preis, €")
    assert all_rows(content, found, step) == ROWS


TOLD = [
    (TEXT.encode("latin-1", "replace"), "latin-1", "Gr\u00f6\u00dfe", "Preis, ?"),
    (b"\xc3\x84,b\n1,2\n", "windows-1252", "\u00c3\u201e", "b"),
    (b"\xc3\x84,b\n1,2\n", "latin-1", "\u00c3\x84", "b"),
    (b"\x81,b\n1,2\n", "latin-1", "\x81", "b"),
    ("ä,b\n1,2\n".encode("utf-16-le"), "utf-16-le", "ä", "b"),
    ("ä,b\n1,2\n".encode("utf-16-be"), "utf-16-be", "ä", "b"),
    ("\ufeffä,b\n1,2\n".encode("utf-16-be"), "utf-16-be", "ä", "b"),
    ("\ufeffä,b\n1,2\n".encode(), "utf-8", "ä", "b"),
]


@pytest.mark.parametrize(("content", "encoding", "first", "second"), TOLD)
@pytest.mark.parametrize("step", [1, 1000])
def test_an_encoding_that_is_told_is_taken(
    content: bytes, encoding: str, first: str, second: str, step: int
) -> None:
    found = parsed(content, step, RequestedFormat(encoding))
    assert (found.dialect.encoding, found.columns) == (encoding, (first, second))


def test_a_delimiter_that_is_told_is_taken() -> None:
    content = b"a,b;c\n1,2;3\n4,5;6\n"
    assert parsed(content, requested=RequestedFormat(delimiter=";")).columns == ("a,b", "c")
    assert parsed(content, requested=RequestedFormat(delimiter="|")).columns == ("a,b;c",)
    assert parsed(content, requested=RequestedFormat(delimiter=",")).columns == ("a", "b;c")


DELIMITED = [
    ("a,b\n1;x,2\n3,4\n", ",", 2),
    ("a;b\n1,5;2\n3,7;4\n", ";", 2),
    ("a\tb\tc\n1,2\t3\t4\n", "\t", 3),
    ("a|b\n1|2\n", "|", 2),
    ("name\nx\ny\n", ",", 1),
    ('"a;b",c\n"1;2",3\n', ",", 2),
    ("first, name;city\nAda;London\n", ";", 2),
    ("a,b;c,d\n1,2;3,4\n", ",", 3),
]


@pytest.mark.parametrize(("text", "delimiter", "width"), DELIMITED)
def test_delimiters_are_detected(text: str, delimiter: str, width: int) -> None:
    found = parsed(text.encode())
    assert found.dialect.delimiter == delimiter
    assert len(found.columns) == width


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "end", "end and empty lines"])
@pytest.mark.parametrize("step", [1, 5, 1000])
def test_line_ends_and_a_missing_last_one_count_exactly(end: str, last: str, step: int) -> None:
    tail = {"": "", "end": end, "end and empty lines": end * 3}[last]
    content = (end.join(["a,b", "1,2", f'"3{end}3",4', "5,6"]) + tail).encode()
    found = parsed(content, step)
    assert found.row_count == 3
    assert all_rows(content, found, step) == [["1", "2"], [f"3{end}3", "4"], ["5", "6"]]


def test_mixed_line_ends_are_line_ends() -> None:
    assert parsed(b"a,b\r\n1,2\n3,4\r5,6").row_count == 3


def test_characters_that_only_look_like_line_ends_are_data() -> None:
    odd = "1\u2028\u2029\u0085\v\f\x1c\x1d\x1e2"
    content = f"a,b\n{odd},x\n".encode()
    found = parsed(content)
    assert all_rows(content, found) == [[odd, "x"]]
    wide = f"a,b\n{odd},x\n".encode("utf-16")
    assert all_rows(wide, parsed(wide)) == [[odd, "x"]]


def test_in_one_column_an_empty_line_is_an_empty_cell_unless_last() -> None:
    content = b"a\n1\n\n2\n\n\n"
    found = parsed(content)
    assert found.row_count == 3
    assert all_rows(content, found) == [["1"], [""], ["2"]]


def test_the_limits_themselves_are_allowed() -> None:
    header = b",".join(b"c%d" % n for n in range(100))
    assert len(parsed(header + b"\n" + b"," * 99 + b"\n").columns) == 100
    assert parsed(b"a,b\n" + b"1,2\n" * 50_000 + b"\n").row_count == 50_000
    assert parsed(b"a,b\n1," + b"x" * 131_072 + b"\n").row_count == 1
    assert parsed(b'a,b\n1,"' + b"x" * 131_072 + b'"\n').row_count == 1


def test_a_quote_inside_a_bare_cell_is_text() -> None:
    content = b'a,b\n5" pipe,x\n'
    assert all_rows(content, parsed(content)) == [['5" pipe', "x"]]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("count", [499, 500, 501, 1500])
def test_the_index_leads_to_every_500th_row(encoding: str, count: int) -> None:
    text = "n,t\n" + "".join(f'{n},"é\n€{n}"\n' for n in range(1, count + 1))
    content = text.encode(encoding)
    found = parsed(content, 1000)
    assert len(found.index) == count // INDEX_EVERY + 1
    for place, offset in enumerate(found.index[: (count + 499) // 500]):
        first = next(rows(pieces(content[offset:], 100), found.dialect))
        assert first == [str(place * INDEX_EVERY + 1), f"é\n€{place * INDEX_EVERY + 1}"]


def test_the_index_counts_empty_lines_of_one_column() -> None:
    content = b"a\n" + b"\n" * 700 + b"x\n" + b"\n" * 400
    found = parsed(content, 64)
    assert found.row_count == 701
    assert len(found.index) == 2
    assert list(rows([content[found.index[1] :]], found.dialect))[200] == ["x"]


SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


ANY_CHARACTER = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@cache
def characters_in(encoding: str) -> st.SearchStrategy[str]:
    """Return the characters that an encoding has; of the large ones, those of one or two bytes."""
    if encoding.startswith("utf"):
        return ANY_CHARACTER
    codec, found = CODECS[encoding], set()
    for first, second in product(range(1, 256), range(64, 256)):
        for raw in (bytes([first]), bytes([first, second])):
            character = raw.decode(codec, "ignore")
            if len(character) == 1 and character.encode(codec, "ignore") == raw:
                found.add(character)
    return st.sampled_from(sorted(found))


SHAPES = st.sampled_from('",;\t|\r\n \u2028\x85\x0b')


@st.composite
def written(draw: st.DrawFn) -> tuple[list[list[str]], bytes, RequestedFormat]:
    """Any table of text as a CSV in any of the dialects and encodings, and how to read it."""
    encoding = draw(st.sampled_from(list(CODECS)))
    requested = RequestedFormat(encoding, draw(st.sampled_from(DELIMITERS)))
    characters = characters_in(encoding)
    fitting = SHAPES.filter(lambda c: can_be_written(c, encoding))
    cells = st.text(characters | fitting, max_size=12)
    width = draw(st.integers(1, 5))
    table = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=8))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    quote_all = draw(st.booleans())
    rows_of_text = [[f"c{n}" for n in range(width)], *table]
    lines = [
        requested.delimiter.join(quoted(cell, requested, quote_all) for cell in row) for row in rows_of_text
    ]
    content = "".join(line + end for line in lines).encode(CODECS[encoding])
    return table, content, requested


def quoted(cell: str, requested: RequestedFormat, always: bool) -> str:
    """Return a cell as RFC 4180 writes it; an empty one in quotes, so that no line is empty."""
    plain = cell and not set(cell) & {'"', "\r", "\n", requested.delimiter}
    return cell if plain and not always else '"' + cell.replace('"', '""') + '"'


def can_be_written(character: str, encoding: str) -> bool:
    try:
        return character.encode(CODECS[encoding]).decode(CODECS[encoding]) == character
    except UnicodeEncodeError:
        return False


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(made=written(), step=st.integers(1, 50))
def test_every_table_comes_back(made: tuple[list[list[str]], bytes, RequestedFormat], step: int) -> None:
    table, content, requested = made
    found = parsed(content, step, requested)
    assert (found.dialect.encoding, found.dialect.delimiter) == (requested.encoding, requested.delimiter)
    assert found.row_count == len(table)
    assert all_rows(content, found, step) == table


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(
    table=st.integers(2, 5).flatmap(
        lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8)
    ),
    delimiter=st.sampled_from(DELIMITERS),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_dialects_of_quoted_tables_are_found(table: list[list[str]], delimiter: str, encoding: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow([f"c{n}" for n in range(len(table[0]))])
    writer.writerows(table)
    content = out.getvalue().encode(encoding)
    found = parsed(content)
    assert found.dialect.delimiter == delimiter
    assert all_rows(content, found) == table


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(content=st.binary(max_size=300) | st.text('",;\n\r ab\0é').map(str.encode), step=st.integers(1, 64))
def test_no_bytes_make_anything_but_an_answer_or_a_refusal(content: bytes, step: int) -> None:
    from services.common.errors import DomainError

    try:
        found = parsed(content, step)
    except DomainError:
        return
    assert len(all_rows(content, found)) == found.row_count
