"""The erasure ledger's file: any replica on the volume appends lines, which are durable on return.

A last line without a line break is left by a crash during an append that was never confirmed; the next entry
overwrites it. Everything here blocks, so it is called in threads.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.vault import private_files
from services.vault.erasure.ledger import (
    Entry,
    LedgerChain,
    LedgerDamaged,
    LedgerUnavailable,
    Mark,
    Tombstone,
)

NAME = "erasures.jsonl"
_MODE = 0o600
_LOCK_SECONDS = 5.0
_LOCK_PAUSE_SECONDS = 0.01
_READ_BYTES = 1 << 20
_LONGEST_LINE = 4096


@dataclass(slots=True)
class Reader:
    """A position in the file: everything before `offset` was checked and ends with `mark`."""

    mark: Mark
    offset: int = 0


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """The ledger in a directory of the vault's own volume."""

    directory: Path
    chain: LedgerChain

    @property
    def path(self) -> Path:
        return self.directory / NAME

    def reader(self) -> Reader:
        """Return a reader before the first entry."""
        return Reader(self.chain.genesis())

    def follow(self, reader: Reader, *, most: int) -> list[Entry]:
        """Return at most `most` entries after the reader, which moves along; none at the end.

        Raises LedgerDamaged for the first altered entry, LedgerUnavailable.
        """
        if not os.path.lexists(self.path) and not reader.offset:
            return []
        with self._opened(os.O_RDONLY) as descriptor:
            return self._read(descriptor, reader, most)

    def append(self, reader: Reader, tombstone: Tombstone, *, now: datetime, noted: int) -> Entry:
        """Append an entry durably and move the reader onto it.

        Raises LedgerDamaged if an existing entry was altered, LedgerUnavailable.
        """
        with self._opened(os.O_RDWR | os.O_CREAT) as descriptor, _locked(descriptor):
            while self._read(descriptor, reader, 1000):
                pass
            entry = self.chain.append(reader.mark, tombstone, now, noted=noted)
            line = entry.line() + b"\n"
            # A torn line of an earlier crash is cut off, and so is a part of this one that a full disk
            # accepts.
            os.ftruncate(descriptor, reader.offset)
            try:
                if os.pwrite(descriptor, line, reader.offset) != len(line):
                    raise OSError("short write")
                os.fsync(descriptor)
                private_files.sync_directory(self.directory)
            except OSError:
                os.ftruncate(descriptor, reader.offset)
                raise
            reader.offset += len(line)
            reader.mark = entry.mark
        return entry

    @contextmanager
    def _opened(self, flags: int) -> Iterator[int]:
        try:
            descriptor = os.open(self.path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
            try:
                yield descriptor
            finally:
                os.close(descriptor)
        except OSError as error:
            raise LedgerUnavailable(f"The erasure ledger cannot be used: {error.strerror}") from error

    def _read(self, descriptor: int, reader: Reader, most: int) -> list[Entry]:
        if os.fstat(descriptor).st_size < reader.offset:
            raise LedgerDamaged(f"The erasure ledger was cut before the end of entry {reader.mark.seq}")
        entries: list[Entry] = []
        data = os.pread(descriptor, max(_READ_BYTES, _LONGEST_LINE), reader.offset)
        start = 0
        while len(entries) < most and (end := data.find(b"\n", start)) >= 0:
            entry = self.chain.decoded(data[start:end], reader.mark)
            entries.append(entry)
            reader.mark = entry.mark
            reader.offset += end + 1 - start
            start = end + 1
        if not entries and len(data) > _LONGEST_LINE:
            raise LedgerDamaged(f"Entry {reader.mark.seq + 1} of the erasure ledger is not what was written")
        return entries


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Lock the file against other writers; raise LedgerUnavailable if another one keeps it too long."""
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > end:
                raise LedgerUnavailable(
                    "Another process has locked the erasure ledger; try again later"
                ) from None
            time.sleep(_LOCK_PAUSE_SECONDS)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
