"""A workbook is read in a process of its own, which has its bounds, and takes nothing down with it."""

import hashlib
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.common.errors import DomainError, Unavailable
from services.files.errors import (
    FileEncoding,
    FileInvalidFormat,
    FileMalformed,
    FileSheetNotFound,
    FileWorkbookTooLarge,
)
from services.files.objects.sealed import Written
from services.files.parsing.confinement import Confinement
from services.files.parsing.offers import search_others
from services.files.parsing.read_file import KeepTable, OtherwiseReadable, ReadFile
from services.files.parsing.threads import ParsingThreads, Workbooks
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits, rows
from tests.support.workbooks import LIMITS as OF_WORKBOOK
from tests.support.workbooks import MIB, grid, raw, sheet_xml, strings_xml, written

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=MIB)
ROOMY = Confinement(memory_bytes=512 * MIB, seconds=60)
CELL = '<c r="{0}{1}" t="inlineStr"><is><t>{2}</t></is></c>'


class Kept:
    """Takes a table."""

    def __init__(self) -> None:
        self.content = b""

    def __call__(self, pieces: Iterator[bytes]) -> Written:
        self.content = b"".join(pieces)
        return Written(len(self.content), hashlib.sha256(self.content).hexdigest())


def threads(
    confinement: Confinement = ROOMY, *, at_once: int = 1, unpacked: int = OF_WORKBOOK.max_bytes
) -> ParsingThreads:
    limits = replace(OF_WORKBOOK, max_bytes=unpacked)
    return ParsingThreads(2, workbooks=Workbooks(limits, confinement, at_once=at_once))


def pieces(content: bytes, step: int = 65_536) -> Iterator[bytes]:
    for at in range(0, len(content), step):
        yield content[at : at + step]


def read(
    content: bytes | Iterable[bytes], reader: ParsingThreads | None = None, **requested: Any
) -> tuple[ReadFile, bytes]:
    kept = Kept()
    source = pieces(content) if isinstance(content, bytes) else content
    try:
        found = (reader or threads()).read(source, LIMITS, RequestedFormat(**requested), keep=kept)
    except OtherwiseReadable as refused:
        raise refused.refusal from None
    return found, kept.content


def children() -> set[int]:
    return {
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
    }


@pytest.fixture(autouse=True)
def none_is_left() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


def test_a_workbook_is_parsed_like_the_table_that_it_becomes() -> None:
    content = grid(
        ("Email", "Note", None, "Zip"), ("a@example.com", "two\nlines", None, 7), ("b", None, None, 8)
    )
    found, table = read(content)
    assert found.parsed.columns == ("Email", "Note", "Zip")
    assert (found.parsed.row_count, found.parsed.dialect.omitted, found.parsed.dialect.sheet) == (2, (3,), 1)
    assert [(sheet.name, sheet.row_count) for sheet in found.sheets] == [("Sheet1", 2)]
    assert found.table == Written(len(table), hashlib.sha256(table).hexdigest())
    start = found.parsed.index[0]
    assert list(rows([table[start:]], found.parsed.dialect)) == [
        ["a@example.com", "two\nlines", "7"],
        ["b", "", "8"],
    ]
    assert found.parsed.profile.row_count == 2


def test_a_workbook_may_come_in_any_pieces() -> None:
    content = grid(("a",), ("1",))
    assert read([b"", *(bytes([byte]) for byte in content[:20]), b"", content[20:]]) == read(content)


def test_the_options_of_a_parse_hold_for_rows_of_the_sheet() -> None:
    content = grid(("PK note\nin lines",), (), ("Email", "Email"), ("a", "b"), ("Total", None))
    found, table = read(content, skip_rows=1, skip_last_rows=1, duplicate_names="number")
    assert found.parsed.columns == ("Email", "Email (2)")
    assert (found.parsed.row_count, found.parsed.dialect.skip_rows) == (1, 1)
    assert table.startswith(b'"Email","Email"\n')


@pytest.mark.parametrize(
    ("content", "requested", "refusal", "metadata"),
    [
        (grid(("a",), (1,)), {"sheet": "Nope"}, FileSheetNotFound, {"sheet": "Nope", "sheets": "Sheet1"}),
        (b"a\n1\n", {"sheet": "S"}, FileSheetNotFound, {"sheet": "S", "problem": "the file is no workbook"}),
        (grid(("a",), (1,)), {"encoding": "utf-8"}, FileInvalidFormat, None),
        (grid(("a",), (1,)), {"delimiter": ";"}, FileInvalidFormat, None),
        (b"\xff\xfe\x00\x00", {}, FileEncoding, None),
    ],
    ids=["no such sheet", "no workbook", "encoding", "delimiter", "no package"],
)
def test_options_that_do_not_fit_are_refused(
    content: bytes, requested: dict[str, Any], refusal: type[DomainError], metadata: dict[str, str] | None
) -> None:
    with pytest.raises(refusal) as refused:
        read(content, **requested)
    assert metadata is None or refused.value.metadata == metadata


def offers(content: bytes, **requested: Any) -> list[tuple[RequestedFormat, int, tuple[str, ...]]]:
    """Return what is offered for a workbook that is refused: options, rows and a row of each."""
    reader, options = threads(), RequestedFormat(**requested)
    with pytest.raises(OtherwiseReadable) as refused:
        reader.read(pieces(content), LIMITS, options, keep=Kept())
    assert options not in refused.value.others

    def again(source: Iterable[bytes], tried: RequestedFormat, keep: KeepTable) -> ReadFile:
        return reader.read(source, LIMITS, tried, keep=keep)

    found = search_others(lambda: pieces(content), again, refused.value, options)
    return [(offer.options, offer.row_count, offer.sample) for offer in found]


TITLE = grid(("Report", None, None), (), ("Name", "City", "Note"), ("Ada", "Bern", "x"), ("Bo", "Wien", "y"))


def sheets(**named: tuple[tuple[object, ...], ...]) -> bytes:
    def fill(book: Any, first: Any) -> None:
        first.write_string(0, 0, "Read me")
        for name, filled in named.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(filled):
                sheet.write_row(number, 0, row)

    return written(fill)


def test_a_sheet_with_a_title_is_offered_from_its_header_on() -> None:
    assert offers(TITLE) == [(RequestedFormat(skip_rows=2), 2, ("Ada", "Bern", "x"))]


def test_another_sheet_is_offered_the_one_with_the_nearest_name_first() -> None:
    leads, old = (("Name",), ("Ada",)), (("Name",), ("Bo",), ("Cy",))
    # The first sheet has nothing below its first row.
    book = sheets(Leads=leads, Old=old, Empty=())
    assert offers(book) == [
        (RequestedFormat(sheet="Leads"), 1, ("Ada",)),
        (RequestedFormat(sheet="Old"), 2, ("Bo",)),
    ]
    assert offers(book, sheet="Olds")[0] == (RequestedFormat(sheet="Old"), 2, ("Bo",))


def test_several_mistakes_of_a_sheet_are_mended_together() -> None:
    content = grid(("Report", None), ("Email", "Email"), ("a", "b"))
    assert offers(content)[0] == (RequestedFormat(skip_rows=1, duplicate_names="number"), 1, ("a", "b"))


def test_options_that_are_not_for_the_kind_of_file_are_left_out() -> None:
    assert offers(grid(("a",), ("x",)), encoding="utf-8") == [(RequestedFormat(), 1, ("x",))]
    assert offers(b"a,b\nx,y\n", sheet="S", delimiter=",") == [
        (RequestedFormat(delimiter=","), 1, ("x", "y"))
    ]


def test_a_refusal_names_the_row_of_the_sheet() -> None:
    with pytest.raises(FileMalformed) as refused:
        read(grid((), (), ("a", "a"), (1, 2)))
    assert refused.value.metadata["row"] == "3"
    assert "line" not in refused.value.metadata


@pytest.mark.promise("S33")
def test_memory_is_bounded_by_the_system() -> None:
    many = strings_xml(f"<si><t>{'x' * (60 * MIB)}</t></si>")
    content = raw(sheet_xml('<row><c t="s"><v>0</v></c></row>'), strings=many)
    with pytest.raises(FileWorkbookTooLarge) as refused:
        read(content, threads(Confinement(memory_bytes=64 * MIB, seconds=60)))
    assert refused.value.metadata == {"limit": str(64 * MIB)}


@pytest.mark.promise("S33")
def test_time_is_bounded_by_the_system() -> None:
    # In a form that takes long, and that no program writes.
    cells = "".join(f"<c r='{letter}{{0}}'><v>1</v></c>" for letter in "ABCDEFGHIJ")
    slow = "".join(f'<row r="{n}">{cells.format(n)}</row>' for n in range(1, 40_000))
    content = raw(sheet_xml(slow))
    with pytest.raises(FileWorkbookTooLarge) as refused:
        read(content, threads(Confinement(memory_bytes=512 * MIB, seconds=1)))
    assert refused.value.metadata == {"seconds": "1"}


def test_a_process_that_is_killed_ends_only_its_upload() -> None:
    content = grid(("a",), (1,))
    before = children()

    def killed() -> Iterator[bytes]:
        yield content[:100]
        for pid in children() - before:
            os.kill(pid, signal.SIGKILL)
        yield content[100:]

    reader = threads()
    with pytest.raises(Unavailable):
        read(killed(), reader)
    assert read(content, reader)[0].parsed.row_count == 1


def test_a_table_that_cannot_be_kept_ends_the_process() -> None:
    def full(_: Iterator[bytes]) -> Written:
        raise Unavailable

    reader = threads()
    with pytest.raises(Unavailable):
        reader.read(pieces(grid(("a",), (1,))), LIMITS, keep=full)
    assert read(grid(("a",), (1,)), reader)[0].parsed.row_count == 1


def test_a_sender_that_pauses_takes_nobody_s_turn() -> None:
    content = grid(("a",), (1,))
    reader, go_on, begun = threads(), threading.Event(), threading.Event()

    def pausing() -> Iterator[bytes]:
        yield content[:50]
        begun.set()
        go_on.wait()
        yield content[50:]

    found: list[ReadFile] = []
    first = threading.Thread(target=lambda: found.append(read(pausing(), reader)[0]))
    first.start()
    begun.wait()
    assert read(content, reader)[0].parsed.row_count == 1
    go_on.set()
    first.join()
    assert found[0].parsed.row_count == 1


def test_the_process_has_no_key_and_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMELT_SECRET", "planted")
    content = grid(("a",), (1,))
    before = children()
    seen: list[tuple[bytes, list[str]]] = []

    def watched() -> Iterator[bytes]:
        yield content[:100]
        for pid in children() - before:
            held = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
            seen.append((Path(f"/proc/{pid}/environ").read_bytes(), held))
        yield content[100:]

    assert read(watched())[0].parsed.row_count == 1
    [(environment, held)] = seen
    assert b"planted" not in environment
    assert not [name for name in held if name.startswith("socket:")]


def test_without_room_for_a_process_a_workbook_waits_for_another_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere")
    with pytest.raises(Unavailable):
        read(grid(("a",), (1,)))


def test_cells_that_look_like_another_format_are_cells() -> None:
    for name in ("PK\x03", "<html>", "%PDF-1.7", "[{", '{ "a"', "\ufeffname", "GIF8"):
        found, _ = read(grid((name.replace("\x03", "x"), "b"), (1, 2)))
        assert found.parsed.row_count == 1, name


def test_the_process_reads_a_cell_of_every_letter() -> None:
    cells = "".join(CELL.format(letter, 1, letter) for letter in "ABC")
    assert read(raw(sheet_xml(f'<row r="1">{cells}</row><row r="2"><c r="A2"><v>1</v></c></row>')))[1] == (
        b'"A","B","C"\n1,,\n'
    )
