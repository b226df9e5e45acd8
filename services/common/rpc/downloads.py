"""Downloads that break off half-way: content must not look whole when its service failed."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from google.api import httpbody_pb2
from google.protobuf import descriptor_pool

#: Not a message. A status after content reaches no HTTP client, and over HTTP/1.1 only the end of the
#: connection shows that content is not whole: the gateway ends it at a message that it cannot read.
BROKEN_OFF = b"\xff"
_HTTP_BODY = "google.api.HttpBody"
#: Field 2, of bytes that follow their length.
_DATA_TAG = b"\x12"


def is_download(method: str) -> bool:
    """Whether `/package.Service/Method` streams bytes for people."""
    try:
        found = descriptor_pool.Default().FindMethodByName(method.lstrip("/").replace("/", "."))
    except KeyError:
        return False
    return bool(found.server_streaming and found.output_type.full_name == _HTTP_BODY)


def breaking_off(
    inner: Callable[[Any, Any], AsyncIterator[bytes]],
) -> Callable[[Any, Any], AsyncIterator[bytes]]:
    """The same stream, each message a `body`, with `BROKEN_OFF` after what was sent when it fails."""

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
    """Return an HttpBody as it goes over the wire, its data joined from pieces.

    Made by the library, a message is copied three times more, on the event loop.
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
