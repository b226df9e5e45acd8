"""Ranges of downloads, as clients ask for them."""

import pytest

from services.files.errors import RangeNotSatisfiable
from services.files.library.byte_range import Span, Wanted

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=10-19", 10, 20),
        ("bytes=10-", 10, 100),
        ("bytes=10-1000", 10, 100),
        ("bytes=-1", 99, 100),
        ("bytes=-1000", 0, 100),
        (" Bytes = 1-2 ", 1, 3),
    ],
)
def test_one_range_is_given(asked: str, start: int, stop: int) -> None:
    assert Wanted(asked).of(100, ETAG) == Span(start, stop, 100)
    assert Wanted(asked, ETAG).of(100, ETAG) == Span(start, stop, 100)


@pytest.mark.parametrize(
    "asked", ["", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "rows=0-1", "bytes=a-b", "bytes=--1"]
)
def test_anything_else_gives_all(asked: str) -> None:
    assert Wanted(asked).of(100, ETAG) is None


@pytest.mark.parametrize("held", ['"other"', 'W/"abc"', "Wed, 21 Oct 2026 07:28:00 GMT", "abc"])
def test_who_has_a_part_of_something_else_gets_all(held: str) -> None:
    assert Wanted("bytes=10-19", held).of(100, ETAG) is None
    assert Wanted("bytes=1000-", held).of(100, ETAG) is None


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0", f"bytes={10**18}-"])
def test_a_range_behind_the_end_is_refused(asked: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        Wanted(asked).of(100, ETAG)
