"""A ZIP made on the fly: pieces from several services in, bytes out, with little in memory."""

import asyncio
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from typing import IO

from services.common.privacy import ArchiveEntry, ArchivePiece

_PIECE_BYTES = 256 * 1024


class _Sink:
    """The file that zipfile writes to. It cannot seek, so sizes are written after their entries."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: everything written can be taken at once."""

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


async def zipped(pieces: AsyncIterator[ArchivePiece], *, now: datetime) -> AsyncIterator[bytes]:
    """Yield a ZIP (with ZIP64 sizes) of the entries, each with the time `now`."""
    sink = _Sink()
    archive = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload]
    entry: IO[bytes] | None = None
    async for piece in pieces:
        if isinstance(piece, ArchiveEntry):
            if entry is not None:
                entry.close()
            about = zipfile.ZipInfo(piece.path, now.timetuple()[:6])
            about.compress_type = zipfile.ZIP_DEFLATED
            # When unpacked, only its owner can read the file.
            about.external_attr = 0o600 << 16
            entry = archive.open(about, "w", force_zip64=True)
        elif entry is not None:
            # Deflating a piece takes milliseconds, which would block the event loop.
            await asyncio.to_thread(entry.write, piece)
        if len(sink) >= _PIECE_BYTES:
            yield sink.take()
    if entry is not None:
        entry.close()
    archive.close()
    if rest := sink.take():
        yield rest
