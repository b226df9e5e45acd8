"""A second opinion on what a CSV says: Postgres' COPY reads the same bytes to the same cells, or refuses.

It is an implementation of its own, in C, that is as strict as ours about ragged rows and open quotes, and it
reads three of the encodings. It differs where RFC 4180 says nothing: a quote inside a bare cell is text for
us and opens a quotation for COPY, and COPY wants one kind of line end in a file. Such texts are left out.
"""

import csv
import io
import random
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from services.common.errors import DomainError
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits, parse, rows
from tests.support.stores import Databases

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=1 << 20)
ENCODINGS = {"utf-8": "UTF8", "windows-1252": "WIN1252", "latin-1": "LATIN1"}
Table = list[list[str]]

# As spreadsheets and exports write them.
CORPUS: dict[str, tuple[bytes, RequestedFormat]] = {
    "Excel": ('Name,City\r\nAda,"London, UK"\r\n'.encode("cp1252"), RequestedFormat("windows-1252", ",")),
    "Excel in Europe": (
        'Name;Preis\r\nß;1,50\r\n"a;b";"2"\r\n'.encode("cp1252"),
        RequestedFormat("windows-1252", ";"),
    ),
    "Excel UTF-8": ('\ufeffName,Note\r\nJürgen,"zwei\r\nZeilen"\r\n'.encode(), RequestedFormat("utf-8", ",")),
    "LibreOffice": (b'"Name","Note"\n"Ada","say ""hi"""\n"",""\n', RequestedFormat("utf-8", ",")),
    "Sheets": ("Name,Note\r\n,\r\n日本,😀\r\n".encode(), RequestedFormat("utf-8", ",")),
    "tabs": (b'Name\tNote\nAda\t"a\tb"\n', RequestedFormat("utf-8", "\t")),
    "pipes, no last line end": (b"Name|Note\nAda|x", RequestedFormat("utf-8", "|")),
    "old Mac": (b'Name,Note\rAda,x\rGrace,"y\rz"\r', RequestedFormat("utf-8", ",")),
    "C1 controls": (b"Name,Note\nA\x81,\x85\n", RequestedFormat("latin-1", ",")),
    "look-alikes of line ends": (
        "Name,Note\nA\u2028\u0085\x0b,\x1c\n".encode(),
        RequestedFormat("utf-8", ","),
    ),
    "quotes everywhere": (b'"Na""me","No,te"\n"a""","""b"\n"""","\n"\n', RequestedFormat("utf-8", ",")),
    "spaces": (b"Name , Note\n a , b \n", RequestedFormat("utf-8", ",")),
}


@pytest.fixture(scope="module")
def copy(databases: Databases) -> Iterator[psycopg.Connection]:
    with (
        databases.fresh("files", migrated=False) as database,
        psycopg.connect(database.conninfo, autocommit=True) as connection,
    ):
        yield connection


def theirs(connection: psycopg.Connection, content: bytes, requested: RequestedFormat) -> Table | None:
    """Return header and rows as COPY reads them; None when it refuses."""
    mark = b"\xef\xbb\xbf"
    content = content.removeprefix(mark) if requested.encoding == "utf-8" else content
    text = io.StringIO(content.decode("latin-1"), newline="")
    width = len(next(csv.reader(text, delimiter=requested.delimiter), []))
    columns = [sql.Identifier(f"c{place}") for place in range(width)]
    if not columns:
        return None
    connection.execute("DROP TABLE IF EXISTS read")
    connection.execute(
        sql.SQL("CREATE TEMP TABLE read (number serial, {})").format(
            sql.SQL(", ").join(sql.SQL("{} text").format(column) for column in columns)
        )
    )
    names = sql.SQL(", ").join(columns)
    into = sql.SQL(
        "COPY read ({}) FROM STDIN WITH (FORMAT csv, DELIMITER {}, ENCODING {}, FORCE_NOT_NULL ({}))"
    ).format(names, sql.Literal(requested.delimiter), sql.Literal(ENCODINGS[requested.encoding]), names)
    try:
        with connection.cursor().copy(into) as stream:
            stream.write(content)
    except psycopg.Error:
        return None
    found = connection.execute(sql.SQL("SELECT {} FROM read ORDER BY number").format(names))
    return [list(row) for row in found]


def ours(content: bytes, requested: RequestedFormat) -> Table | None:
    """Return header and rows as we read them; None when we refuse."""
    try:
        found = parse([content], LIMITS, requested)
    except DomainError:
        return None
    body = list(rows([content[found.index[0] :]], found.dialect))[: found.row_count]
    return [list(found.columns), *body]


@pytest.mark.parametrize("name", CORPUS)
def test_both_read_what_programs_write(copy: psycopg.Connection, name: str) -> None:
    content, requested = CORPUS[name]
    read = ours(content, requested)
    assert read is not None
    assert read == theirs(copy, content, requested)


def test_both_read_the_same_out_of_any_text(copy: psycopg.Connection) -> None:
    dice, compared, refused = random.Random(4180), 0, 0
    for _ in range(600):
        requested = RequestedFormat("utf-8", dice.choice(",;|\t"))
        text = _any_text(dice, requested.delimiter)
        if _is_between_the_rules(text, requested.delimiter):
            continue
        content = text.encode()
        here, there = ours(content, requested), theirs(copy, content, requested)
        if here is not None:
            assert here == there, text
            compared += 1
        elif there is not None:
            # They take empty lines at the end of one more kind, and a file without rows.
            assert not [row for row in there[1:] if any(row)] or "\n\n" in text, text
        else:
            refused += 1
    assert compared > 200
    assert refused > 50


def _any_text(dice: random.Random, delimiter: str) -> str:
    """Return a CSV of two columns, often with a slip in it."""
    lines = ["h1" + delimiter + "h2"]
    for _ in range(dice.randrange(1, 5)):
        cells = ["".join(dice.choices("aé 1,;", k=dice.randrange(4))) for _ in range(2)]
        for place, cell in enumerate(cells):
            if delimiter in cell or dice.random() < 0.4:
                inner = cell + dice.choice(["", "\n", '""', delimiter])
                cells[place] = f'"{inner}"'
        lines.append(delimiter.join(cells))
    text = "\n".join(lines) + dice.choice(["", "\n"])
    if dice.random() < 0.5:
        at = dice.randrange(len(lines[0]) + 1, len(text) + 1)
        text = text[:at] + dice.choice(['"', "\n", delimiter, ""]) + text[at + dice.randrange(2) :]
    return text


def _is_between_the_rules(text: str, delimiter: str) -> bool:
    """Whether a quote stands where RFC 4180 has none, or a line is empty."""
    quoted, begun = False, True
    for place, letter in enumerate(text):
        if quoted:
            quoted = letter != '"'
            begun = False
        elif letter == '"':
            if not begun and text[place - 1] != '"':
                return True
            quoted = True
        else:
            if place and text[place - 1] == '"' and letter not in (delimiter, "\n") and not begun:
                return True
            begun = letter in (delimiter, "\n")
    return "\n\n" in text or text.endswith("\n\n")
