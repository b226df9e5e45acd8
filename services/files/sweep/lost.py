"""Looks for rows whose objects the bucket no longer has: after a restore, or when a bucket is lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol


class Holder(Enum):
    """What names objects and is looked at; what is kept for hours only is not."""

    FILES = "files"
    RESULTS = "results"


@dataclass(frozen=True, slots=True)
class Named:
    """A file or a result: its name for people, its primary key, and the objects that it needs."""

    name: str
    account: str
    key: tuple[str, ...]
    objects: tuple[str, ...]
    is_marked: bool


class Rows(Protocol):
    """The rows that name objects; raises Unavailable."""

    async def now(self) -> datetime: ...

    def named(self, holder: Holder, before: datetime) -> AsyncIterator[Sequence[Named]]:
        """Yield what was stored before a moment."""
        ...

    async def mark(self, holder: Holder, rows: Sequence[Named], *, lost: bool) -> None: ...


class Bucket(Protocol):
    """The contents of the bucket; blocks."""

    def all_keys(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True, slots=True)
class Census:
    """How many there are, and those that are lost."""

    count: int
    lost: Sequence[Named]


async def look(rows: Rows, bucket: Bucket) -> dict[Holder, Census]:
    """Mark what is lost, and take the mark from what is there again; return what was found.

    Takes some hundred bytes of memory for each object of the bucket.
    """
    # An object is there before its row, so whatever has a row by now is in the listing.
    before = await rows.now()
    keys = await asyncio.to_thread(lambda: {key for page in bucket.all_keys() for key in page})
    found: dict[Holder, Census] = {}
    for holder in Holder:
        count, lost = 0, []
        async for page in rows.named(holder, before):
            count += len(page)
            gone = [each for each in page if not keys.issuperset(each.objects)]
            back = [each for each in page if each.is_marked and keys.issuperset(each.objects)]
            await rows.mark(holder, gone, lost=True)
            await rows.mark(holder, back, lost=False)
            lost += gone
        found[holder] = Census(count, lost)
    return found
