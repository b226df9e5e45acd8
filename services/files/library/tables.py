"""The tables that workbooks become: each an object of its own, which lives and goes with its parse."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from services.files.library.stored_file import Parse, StoredFile, TableObject
from services.files.objects.discards import Discards
from services.files.objects.sealed import Objects, Written, drain, write_sealed
from services.files.parsing.read_file import ReadFile


class NewTable:
    """The place of one parse's table in the object store; it stays empty for a file that is no workbook."""

    def __init__(
        self, objects: Objects, object_key: str, *, data_key: bytearray, binding: bytes, max_bytes: int
    ) -> None:
        self._objects = objects
        self._object_key = object_key
        self._data_key = data_key
        self._binding = binding
        self._max_bytes = max_bytes
        self._begun = False

    def keep(self, pieces: Iterator[bytes]) -> Written:
        """Seal and store a table; on any failure nothing is stored."""
        self._begun = True
        written, _ = write_sealed(
            pieces,
            self._objects.writer(self._object_key),
            key=self._data_key,
            associated_data=self._binding,
            max_bytes=self._max_bytes,
            read=drain,
        )
        return written

    def parse(self, read: ReadFile, version: int) -> Parse:
        """Return the parse that a file was read into."""
        table = None if read.table is None else TableObject(self._object_key, read.table.size)
        return Parse(version, read.parsed.dialect, read.parsed.row_count, table)

    @asynccontextmanager
    async def unless_kept(self, discards: Discards) -> AsyncIterator[None]:
        """Delete the table when the block fails or is cancelled."""
        try:
            yield
        except BaseException:
            if self._begun:
                await discards.discard(self._object_key)
            raise


def table_keys(file: StoredFile) -> list[str]:
    """Return the key of the table of a file's parse, if it has one."""
    return [] if file.parse.table is None else [file.parse.table.key]
