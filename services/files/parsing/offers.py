"""Searches options that make a refused file readable, by reading the whole file with each of them."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from services.common.errors import DomainError
from services.files.objects.sealed import Written
from services.files.parsing.read_file import KeepTable, OtherwiseReadable, ReadFile
from services.files.reading.dialect import RequestedFormat
from services.files.reading.encodings import UTF_8
from services.files.reading.ends import END_BYTES, Ends, ends_of
from services.files.reading.mending import MENDABLE, candidates, one_column
from services.files.reading.reader import Parsed, rows

#: How often the file is read, and how many bytes in all. More find rarer mistakes; each costs as much as an
#: upload does.
_MOST_TRIES = 8
_MOST_BYTES = 256 * 1024 * 1024
_MOST_OFFERS = 3
#: How often a workbook is read: each takes a process, and up to its time.
_MOST_SHEETS_TRIED = 4
_SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class Offer:
    """Options of a parse, and what the file is when it is read with them."""

    options: RequestedFormat
    row_count: int
    columns: tuple[str, ...]
    #: A data row near the beginning, one that shows the encoding if that was the matter.
    sample: tuple[str, ...]


def search(
    pieces: Callable[[], Iterable[bytes]],
    parse: Callable[[Iterable[bytes], RequestedFormat], Parsed],
    options: RequestedFormat,
    refusal: DomainError,
    *,
    size: int,
) -> tuple[Offer, ...]:
    """Return what would read the file that was refused with these options; `pieces` begins it anew."""
    ends = ends_of(pieces())
    waiting, known = candidates(ends, options, refusal), {options}
    offers: list[Offer] = []
    left = max(2, min(_MOST_TRIES, _MOST_BYTES // max(1, size)))
    while left and len(offers) < _MOST_OFFERS:
        if not waiting and not offers:
            waiting = one_column(ends, options)
        waiting = [each for each in waiting if each not in known]
        if not waiting:
            break
        tried = waiting.pop(0)
        known.add(tried)
        left -= 1
        try:
            parsed = parse(pieces(), tried)
        except MENDABLE as fault:
            # What mends the rest of it comes before other beginnings.
            waiting = candidates(ends, tried, fault) + waiting
        except DomainError as fault:
            if fault.kind is not refusal.kind:
                raise
        else:
            made = (parsed.row_count, parsed.columns, _sample(ends, parsed))
            # Other options may read the same.
            if all(made != (offer.row_count, offer.columns, offer.sample) for offer in offers):
                offers.append(Offer(tried, *made))
    return tuple(offers)


def search_others(
    pieces: Callable[[], Iterable[bytes]],
    read: Callable[[Iterable[bytes], RequestedFormat, KeepTable], ReadFile],
    refused: OtherwiseReadable,
    options: RequestedFormat,
) -> tuple[Offer, ...]:
    """Return which of the options that were found while a file was read do read it."""
    waiting, known = list(refused.others), {options}
    offers: list[Offer] = []
    for _ in range(_MOST_SHEETS_TRIED):
        waiting = [each for each in waiting if each not in known]
        if not waiting or len(offers) == _MOST_OFFERS:
            break
        tried = waiting.pop(0)
        known.add(tried)
        begun = _Begun()
        try:
            found = read(pieces(), tried, begun.keep)
        except OtherwiseReadable as fault:
            # What mends the rest of a sheet comes before other sheets.
            same = [each for each in fault.others if each.sheet == tried.sheet]
            waiting = same + waiting + [each for each in fault.others if each not in same]
        except DomainError:
            continue
        else:
            parsed = found.parsed
            head = bytes(begun.head) if found.table is not None else ends_of(pieces()).head
            ends = Ends(head, b"", is_whole=False)
            offers.append(Offer(tried, parsed.row_count, parsed.columns, _sample(ends, parsed)))
    return tuple(offers)


class _Begun:
    """The beginning of a workbook's table, which is not stored yet."""

    def __init__(self) -> None:
        self.head = bytearray()

    def keep(self, pieces: Iterator[bytes]) -> Written:
        size = 0
        for piece in pieces:
            self.head += piece[: END_BYTES - len(self.head)]
            size += len(piece)
        return Written(size, "")


def _sample(ends: Ends, parsed: Parsed) -> tuple[str, ...]:
    start = parsed.index[0]
    found: list[list[str]] = []
    try:
        for row in islice(rows([ends.head[start:]], parsed.dialect), min(_SAMPLE_ROWS, parsed.row_count)):
            found.append(row)
    except (csv.Error, UnicodeDecodeError):
        pass
    if parsed.dialect.encoding != UTF_8:
        telling = [row for row in found if not "".join(row).isascii()]
        found = telling or found
    return tuple(found[0]) if found else ()
