"""Pages end by count and by bytes, and the next one goes on exactly there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from services.common import paging
from services.common.paging import PAGE_BYTES, Position

pytestmark = pytest.mark.promise("S59")

_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Item:
    create_time: datetime
    id: str
    size: int


@dataclass(frozen=True)
class _Shown:
    id: str
    size: int

    def ByteSize(self) -> int:
        return self.size


@dataclass(frozen=True)
class _Request:
    page_size: int = 0
    page_token: str = ""


class _List:
    """Items, newest first, with what was read of them."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._items = [
            # Two of each moment: the id tells them apart.
            _Item(_BEGAN - timedelta(seconds=nth // 2), f"{9999 - nth}", size)
            for nth, size in enumerate(sizes)
        ]
        self.reads: list[int] = []

    async def read(self, after: Position | None, count: int) -> Sequence[_Item]:
        self.reads.append(count)
        rest = [
            item
            for item in self._items
            if after is None or (item.create_time, item.id) < (after.create_time, after.id)
        ]
        return rest[:count]

    async def pages(self, size: int = 0) -> list[list[int]]:
        """Return the sizes of all items, page by page."""
        pages: list[list[int]] = []
        token = ""
        while not pages or token:
            shown, token = await paging.page(
                _Request(size, token), self.read, show=lambda item: _Shown(item.id, item.size)
            )
            pages.append([each.size for each in shown])
        return pages


async def test_a_page_ends_before_the_item_with_which_it_would_be_too_large() -> None:
    third = PAGE_BYTES // 3
    assert await _List([third] * 7).pages() == [[third] * 3, [third] * 3, [third]]
    assert await _List([third + 1] * 5).pages(4) == [[third + 1] * 2, [third + 1] * 2, [third + 1]]


async def test_a_page_has_one_item_at_least_however_large() -> None:
    sizes = [PAGE_BYTES + 1, 1, PAGE_BYTES + 2, PAGE_BYTES + 3]
    assert await _List(sizes).pages() == [[each] for each in sizes]


@pytest.mark.parametrize("size", [1, 2, 7, 50, 999, 1000])
@pytest.mark.parametrize("count", [0, 1, 7, 50, 51, 1000, 1001])
async def test_small_items_fill_pages_and_none_is_lost_or_repeated(size: int, count: int) -> None:
    sizes = [*range(1, count + 1)]
    pages = await _List(sizes).pages(size)
    assert [each for page in pages for each in page] == sizes
    assert all(len(page) == size for page in pages[:-1])


async def test_what_is_read_is_little_more_than_what_is_shown() -> None:
    items = _List([100_000] * 1000)
    shown, _ = await paging.page(_Request(1000), items.read, show=lambda item: _Shown(item.id, item.size))
    assert (len(shown), sum(items.reads)) == (10, 51)
    small = _List([100] * 1000)
    await small.pages(1000)
    assert len(small.reads) == 5 and max(small.reads) <= 251
