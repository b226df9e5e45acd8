"""A ZIP that is written while it is read: pieces of many services in, bytes out, little in memory."""

import asyncio
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from typing import IO

from services.common.privacy import ArchiveEntry, ArchivePiece

_PIECE_BYTES = 256 * 1024


class _Sink:
    """Where zipfile writes: a stream without a way back, so that sizes follow their entries."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing is kept from `take`."""

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
            # Nobody but its owner reads what is unpacked.
            about.external_attr = 0o600 << 16
            entry = archive.open(about, "w", force_zip64=True)
        elif entry is not None:
            # Deflating a piece takes milliseconds, which others need not wait for.
            await asyncio.to_thread(entry.write, piece)
        if len(sink) >= _PIECE_BYTES:
            yield sink.take()
    if entry is not None:
        entry.close()
    archive.close()
    if rest := sink.take():
        yield rest
