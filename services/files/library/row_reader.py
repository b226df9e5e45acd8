"""Rows of a stored file by number, at a cost that depends on the number of rows requested."""

import csv
from collections.abc import Generator
from dataclasses import dataclass

from services.files.errors import FileDamaged
from services.files.library.sealed_parse import parsed_object
from services.files.library.stored_file import NumberedRow, StoredFile
from services.files.objects.sealed import Objects, read_range
from services.files.reading.reader import INDEX_EVERY, rows

#: A batch ends before its cells exceed this, unless a single row does. Far larger batches would not fit into
#: a gRPC message of 4 MiB; smaller ones cost more messages.
BATCH_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class RowRange:
    """A range of data rows, counted from 1."""

    first: int
    count: int

    @property
    def last(self) -> int:
        return self.first + self.count - 1

    def within(self, row_count: int) -> "RowRange":
        """Return the part of the range that exists."""
        return RowRange(self.first, max(0, min(self.last, row_count) - self.first + 1))


def batches(
    objects: Objects,
    file: StoredFile,
    *,
    key: bytearray,
    index: tuple[int, ...],
    wanted: RowRange,
    batch_rows: int,
) -> Generator[list[NumberedRow], None, None]:
    """Yield the existing rows of the range in batches; fetches few bytes beyond them."""
    there = wanted.within(file.parse.row_count)
    if not there.count:
        return
    nearest, behind = (there.first - 1) // INDEX_EVERY, -(-there.last // INDEX_EVERY)
    stored, binding = parsed_object(file)
    pieces = read_range(
        objects,
        stored,
        key=key,
        associated_data=binding,
        start=index[nearest],
        stop=index[behind] if behind < len(index) else stored.size,
    )
    batch: list[NumberedRow] = []
    size, number = 0, nearest * INDEX_EVERY
    try:
        for cells in rows(pieces, file.parse.dialect):
            number += 1
            if number < there.first:
                continue
            length = sum(len(cell.encode()) for cell in cells)
            if batch and (len(batch) == batch_rows or size + length > BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(NumberedRow(number, cells))
            size += length
            if number == there.last:
                break
    except (csv.Error, UnicodeDecodeError):
        raise FileDamaged from None
    finally:
        pieces.close()
    if number != there.last:
        raise FileDamaged
    yield batch
