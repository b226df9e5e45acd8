"""Downloads that fail half-way: content must not look complete when its service failed."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from google.api import httpbody_pb2
from google.protobuf import descriptor_pool

#: Bytes that are no valid message. No HTTP client sees a status after content. Over HTTP/1.1, only a closed
#: connection shows that content is incomplete, and the gateway closes it at a message that it cannot read.
BROKEN_OFF = b"\xff"
_HTTP_BODY = "google.api.HttpBody"
#: The tag of field 2: bytes, preceded by their length.
_DATA_TAG = b"\x12"


def is_download(method: str) -> bool:
    """Whether `/package.Service/Method` streams an HTTP body."""
    try:
        found = descriptor_pool.Default().FindMethodByName(method.lstrip("/").replace("/", "."))
    except KeyError:
        return False
    return bool(found.server_streaming and found.output_type.full_name == _HTTP_BODY)


def breaking_off(
    inner: Callable[[Any, Any], AsyncIterator[bytes]],
) -> Callable[[Any, Any], AsyncIterator[bytes]]:
    """Return the same stream of `body` messages; if it fails after the first, it ends with `BROKEN_OFF`."""

    async def answer(request: Any, context: Any) -> AsyncIterator[bytes]:
        begun = False
        try:
            async for message in inner(request, context):
                begun = True
                yield message
        except Exception:
            if begun:
                yield BROKEN_OFF
            raise

    return answer


def body(content_type: str, *pieces: bytes) -> bytes:
    """Return a serialized HttpBody whose data is joined from pieces.

    The protobuf library would copy the data three more times, on the event loop.
    """
    head = httpbody_pb2.HttpBody(content_type=content_type).SerializeToString()
    return b"".join((head, _DATA_TAG, _varint(sum(map(len, pieces))), *pieces))


def _varint(number: int) -> bytes:
    # Seven bits in a byte, lowest first; the eighth says that more follow.
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
