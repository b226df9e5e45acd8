"""Files of signed statements on the vault's own volume: lines are only appended, and are durable on return.

Everything here blocks, so it is called in threads.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.vault import private_files
from services.vault.audit.statements import Archive, Checkpoint, Statement, StatementForged, Statements

ARCHIVES = "archives.jsonl"
_CHECKPOINTS = "checkpoints-{}.jsonl"
_MODE = 0o600
_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True)
class StatementFiles:
    """A file of checkpoints for each chain, and one of archived months."""

    directory: Path
    statements: Statements

    def append(self, statement: Statement) -> str:
        """Sign a statement, add it to its file, and return its line; raises OSError."""
        line = self.statements.line(statement)
        path = self.directory / _name(statement)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _drop_torn_line(descriptor)
            content = line.encode() + b"\n"
            if os.write(descriptor, content) != len(content):
                raise OSError("short write")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        private_files.sync_directory(self.directory)
        return line

    def last_checkpoint(self, chain: str) -> Checkpoint | None:
        """Return the last good checkpoint at the end of a chain's file; raises OSError."""
        try:
            with (self.directory / _CHECKPOINTS.format(chain)).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
                tail = file.read().splitlines()
        except FileNotFoundError:
            return None
        for line in reversed(tail):
            try:
                said = self.statements.read(line)
            except StatementForged:
                continue
            if isinstance(said, Checkpoint) and said.chain == chain:
                return said
        return None

    def archives(self) -> list[Archive]:
        """Return the archived months of this volume, oldest first; raises OSError, StatementForged."""
        read = (self.statements.read(line) for _, _, line in self._lines(self.directory / ARCHIVES))
        return sorted((said for said in read if isinstance(said, Archive)), key=lambda each: each.month)

    def lines(self) -> Iterator[tuple[str, int, bytes]]:
        """Yield (file, line number, line) of all files, archives first; raises OSError."""
        for path in (self.directory / ARCHIVES, *sorted(self.directory.glob(_CHECKPOINTS.format("*")))):
            yield from self._lines(path)

    @staticmethod
    def _lines(path: Path) -> Iterator[tuple[str, int, bytes]]:
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    # A last line that a crash cut off was never confirmed.
                    if line.endswith(b"\n"):
                        yield path.name, number, line
        except FileNotFoundError:
            return


def _name(statement: Statement) -> str:
    return ARCHIVES if isinstance(statement, Archive) else _CHECKPOINTS.format(statement.chain)


def _drop_torn_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
    if tail and not tail.endswith(b"\n"):
        os.ftruncate(descriptor, size - len(tail) + tail.rfind(b"\n") + 1)
