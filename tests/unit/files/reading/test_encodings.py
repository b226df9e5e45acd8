"""Encodings: told by a mark, by being UTF-8, or guessed; a guess is called one and shown with a line."""

from collections import Counter

import pytest

from services.files.reading.dialect import RequestedFormat
from services.files.reading.encodings import CODECS, MULTI_BYTE
from services.files.reading.reader import Limits, Parsed, parse, rows
from tests.support.encoded_samples import Sample, samples

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=1 << 20)
EACH = 20


def read(content: bytes, encoding: str = "", step: int = 65_536) -> Parsed:
    pieces = (content[at : at + step] for at in range(0, len(content), step))
    return parse(pieces, LIMITS, RequestedFormat(encoding))


def cells(content: bytes, found: Parsed) -> list[list[str]]:
    return list(rows([content[found.index[0] :]], found.dialect))


def expected(text: str) -> list[list[str]]:
    return [line.split(";") for line in text.splitlines()]


def is_right(sample: Sample) -> bool:
    """Tell whether all text comes out right; encodings in which it is written alike are equally right."""
    found = read(sample.content)
    header, *table = expected(sample.text)
    return list(found.columns) == header and cells(sample.content, found) == table


def test_nearly_every_short_file_in_twelve_encodings_is_read_right() -> None:
    """docs/csv.md gives the share; below this floor, a guess would not be worth offering."""
    corpus = list(samples(EACH))
    assert len(corpus) >= 200
    hits = Counter(sample.encoding for sample in corpus if is_right(sample))
    assert len({sample.encoding for sample in corpus}) == 12
    assert sum(hits.values()) >= 0.97 * len(corpus), hits
    assert min(hits.values()) >= 0.9 * EACH, hits
    assert all(hits[name] == EACH for name in ("utf-8", "utf-16-le", "utf-16-be"))


@pytest.mark.long
def test_nearly_every_short_file_of_a_larger_corpus_is_read_right() -> None:
    corpus = list(samples(300))
    assert sum(map(is_right, corpus)) >= 0.97 * len(corpus)


def test_a_guess_is_called_one_and_shows_a_line() -> None:
    found = read("Name;City\r\nAda;Bern\r\nАнна;Пермь\r\n".encode("cp1251"))
    assert (found.dialect.encoding, found.dialect.encoding_guessed) == ("windows-1251", True)
    assert found.sample_line == "Анна;Пермь"


@pytest.mark.parametrize("sample", list(samples(1)), ids=lambda sample: sample.encoding)
def test_what_is_named_is_no_guess(sample: Sample) -> None:
    found = read(sample.content, sample.encoding, step=1)
    assert (found.dialect.encoding, found.dialect.encoding_guessed) == (sample.encoding, False)
    assert found.sample_line == ""
    assert [list(found.columns), *cells(sample.content, found)] == expected(sample.text)


def test_ascii_and_utf_8_are_no_guess() -> None:
    for content in (b"a,b\n1,2\n", "ä,b\n1,2\n".encode(), "\ufeffä,b\n1,2\n".encode()):
        found = read(content, step=1)
        assert (found.dialect.encoding, found.dialect.encoding_guessed) == ("utf-8", False)


@pytest.mark.parametrize("encoding", ["windows-1252", "shift_jis", "gb18030"])
def test_the_first_characters_beyond_ascii_may_come_late(encoding: str) -> None:
    """After 300 kB of ASCII, in another piece than the header: rows and offsets stay right."""
    late = {"windows-1252": "Müller", "shift_jis": "能力表示", "gb18030": "有限公司北京"}[encoding]
    content = (b"a,b\n" + b"1,2\n" * 70_000) + f"{late},{late}\n".encode(CODECS[encoding]) * 600
    limits = Limits(max_columns=9, max_rows=99_999, max_field_bytes=999, max_row_bytes=9999)
    found = parse([content[at : at + 4096] for at in range(0, len(content), 4096)], limits)
    assert (found.dialect.encoding, found.dialect.encoding_guessed) == (encoding, True)
    assert found.row_count == 70_600
    assert next(rows([content[found.index[141] :]], found.dialect)) == [late, late]


@pytest.mark.parametrize("encoding", sorted(MULTI_BYTE))
def test_every_character_takes_as_many_bytes_as_it_was_read_from(encoding: str) -> None:
    """Offsets of rows are measured by encoding text again."""
    codec = CODECS[encoding]
    for first in range(0x80, 0x100):
        for second in range(0x30, 0x100):
            raw = bytes([first, second])
            text = raw.decode(codec, "ignore")
            if len(text) == 1 and not text.isascii():
                assert len(text.encode(codec)) in (1, 2), raw
                if raw.decode(codec, "replace") == text:
                    assert len(text.encode(codec)) == 2, raw


def test_second_bytes_that_look_like_delimiters_are_none() -> None:
    """The second byte of 能 in Shift_JIS is a backslash, of ポ a vertical bar, of 功 in Big5 a backslash."""
    for encoding, text in (("shift_jis", "ポ|能|表"), ("big5", "功|許|蓋"), ("gb18030", "亅|亊|伅")):
        content = f"a|b|c\n{text}\n".encode(CODECS[encoding])
        for step in (1, 2, 65_536):
            found = read(content, encoding, step)
            assert cells(content, found) == [text.split("|")]
