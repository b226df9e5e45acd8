"""Packed answers, unpacked piece by piece and never further than allowed."""

import zlib

_KNOWN = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class UnpackingFailed(ValueError):
    """A body is too large, or packed in a way that is not known or damaged."""


class Unpacker:
    """Unpacks one body; raises UnpackingFailed."""

    def __init__(self, encoding: str, most_bytes: int) -> None:
        """`encoding` is the body's Content-Encoding; `most_bytes` bounds it, unpacked."""
        self._left = most_bytes
        kind = encoding.strip().lower()
        if kind in ("", "identity"):
            self._packed = None
        elif kind in _KNOWN:
            self._packed = zlib.decompressobj(_KNOWN[kind])
        else:
            raise UnpackingFailed("the answer is compressed in a way that was not asked for")

    def unpack(self, piece: bytes) -> bytes:
        """Return what a piece unpacks to."""
        if self._packed is not None:
            try:
                piece = self._packed.decompress(piece, self._left + 1)
            except zlib.error:
                raise UnpackingFailed("the answer's compression is damaged") from None
        self._left -= len(piece)
        if self._left < 0:
            raise UnpackingFailed("the answer is too large")
        return piece
