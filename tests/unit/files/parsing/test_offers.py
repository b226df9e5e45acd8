"""What is offered for a file that cannot be read: options that read it, found by reading it."""

from collections.abc import Iterable, Iterator

import pytest

from services.common.errors import DomainError
from services.files.errors import FileInvalidFormat
from services.files.parsing.offers import Offer, search
from services.files.reading.dialect import RequestedFormat
from services.files.reading.encodings import CODECS
from services.files.reading.reader import Limits, Parsed, parse

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=1 << 20)


def read(pieces: Iterable[bytes], options: RequestedFormat) -> Parsed:
    return parse(pieces, LIMITS, options)


def offers(content: bytes, options: RequestedFormat = RequestedFormat()) -> tuple[Offer, ...]:  # noqa: B008
    """Return what is offered for a file that these options refuse; each offer is what reading it gives."""

    def pieces() -> Iterator[bytes]:
        return (content[at : at + 4096] for at in range(0, len(content), 4096))

    with pytest.raises(DomainError) as caught:
        read(pieces(), options)
    found = search(pieces, read, options, caught.value, size=len(content))
    for offer in found:
        parsed = read(pieces(), offer.options)
        assert (parsed.row_count, parsed.columns) == (offer.row_count, offer.columns)
    return found


ROWS = "".join(f"Ada {number},Bern,x\n" for number in range(40)).encode()
LONG = ROWS * 200
HEAD = b"Name,City,Note\n"


@pytest.mark.parametrize("rows", [ROWS, LONG], ids=["short", "long"])
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b'Notes:\n"A note, with a comma"\n\n', b"", RequestedFormat(skip_rows=3)),
        (b"Report,,\n,,\n", b"", RequestedFormat(skip_rows=2)),
        (b"\n\nTitle\n", b"", RequestedFormat(skip_rows=3)),
        (b"", b"Total\n", RequestedFormat(skip_last_rows=1)),
        (b"", b"\n\nAll rows\nDo not share\n\n", RequestedFormat(skip_last_rows=4)),
        (b"Report\n\n", b"Total,7\n", RequestedFormat(skip_rows=2, skip_last_rows=1)),
    ],
)
def test_notes_around_a_table_are_found(
    rows: bytes, before: bytes, after: bytes, expected: RequestedFormat
) -> None:
    found = offers(before + HEAD + rows + after)
    assert found[0].options == expected
    assert (found[0].columns, found[0].sample) == (("Name", "City", "Note"), ("Ada 0", "Bern", "x"))


def test_repeated_names_are_numbered_and_a_column_of_text_is_one() -> None:
    assert offers(b"Email,Email\n1,2\n")[0].options == RequestedFormat(duplicate_names="number")
    (found,) = offers(b"Review\nGood, quick\nBad, very bad, never\nFine\n")
    assert (found.options, found.row_count) == (RequestedFormat(delimiter="none"), 3)
    assert found.sample == ("Good, quick",)


def test_a_wrong_delimiter_is_left_to_detection() -> None:
    found = offers(b"a,b;c\n1,2;3\n1;3\n", RequestedFormat(delimiter=","))
    assert found[0].options == RequestedFormat()


def test_a_bad_byte_is_offered_with_what_another_encoding_makes_of_the_others() -> None:
    found = offers("Name,City\nRené,Köln\nBo,Wien \udcff\n".encode("utf-8", "surrogateescape"))
    assert found[0].options == RequestedFormat(encoding="windows-1252")
    assert found[0].sample == ("RenÃ©", "KÃ¶ln")


@pytest.mark.parametrize(("encoding", "text"), [("windows-1251", "Анна,Пермь"), ("shift_jis", "鈴木,東京都")])
def test_a_wrong_encoding_is_left_to_detection(encoding: str, text: str) -> None:
    content = f"a,b\n{text}\n".encode(CODECS[encoding])
    found = offers(content, RequestedFormat(encoding="utf-8"))
    assert found[0].options == RequestedFormat()
    assert ",".join(found[0].sample) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("rows", ["Ada,Köln\r\n鈴木,東京都\r\n", "Ada,Köln\r\n" * 20_000])
def test_utf_16_without_its_mark_is_known_by_its_header(encoding: str, rows: str) -> None:
    found = offers(("Name,City\r\n" + rows).encode(encoding))
    assert found[0].options == RequestedFormat(encoding=encoding)
    assert (found[0].columns, found[0].sample[1]) == (("Name", "City"), "Köln")


@pytest.mark.parametrize("content", [b"\0\1\0\2" * 100, b"PNG\0\0\0\1\n\0\0", b"a\0b\0c\0", b"\0" * 500])
def test_other_bytes_with_nul_are_no_text(content: bytes) -> None:
    with pytest.raises(FileInvalidFormat):
        read([content], RequestedFormat())


def test_a_footer_may_look_like_the_table() -> None:
    found = offers(HEAD + ROWS + b"\nRegion,Sales,Share\nNorth,7,1\n")
    assert (found[0].options, found[0].row_count) == (RequestedFormat(skip_last_rows=3), 40)


def test_a_delimiter_that_is_also_in_the_header_is_tried() -> None:
    content = b"Name;City,Note\n" + b"Ada;Bern,x\n" * 200 + b"Bo;Bern,x,y\n" * 200 + b"Bo;Bern,x\n" * 200
    assert [offer.options for offer in offers(content)] == [RequestedFormat(delimiter=";")]


@pytest.mark.parametrize("content", [b"a,b\n1,2\n3\n4,5\n", b'a,b\n1,"2\n', b"a,b\n1,2\n\n3,4\n"])
def test_nothing_is_offered_for_a_mistake_in_the_middle(content: bytes) -> None:
    assert offers(content) == ()


def test_no_more_than_eight_readings_are_spent() -> None:
    content, spent = b"a;b,c\n1;2,3\n4\n5,6\n", []

    def counted(pieces: Iterable[bytes], options: RequestedFormat) -> Parsed:
        spent.append(options)
        return read(pieces, options)

    with pytest.raises(DomainError) as caught:
        read([content], RequestedFormat())
    search(lambda: [content], counted, RequestedFormat(), caught.value, size=10**12)
    assert len(spent) <= 2
