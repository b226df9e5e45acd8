"""What downloads of files and of archives share: headers, and when they are sent."""

import base64
from collections.abc import AsyncIterator

from services.common.rpc.servicing import Context
from services.files.library.display_name import content_disposition
from services.files.objects.stored_object import StoredObject

Headers = tuple[tuple[str, str], ...]


def headers_of(stored: StoredObject, name: str, *, length: int) -> Headers:
    """Return the headers of a download under a name: `length` bytes, and the digest of the whole object."""
    digest = base64.b64encode(bytes.fromhex(stored.sha256)).decode()
    return (
        ("content-disposition", content_disposition(name)),
        ("x-content-length", str(length)),
        ("repr-digest", f"sha-256=:{digest}:"),
    )


async def after_headers(
    context: Context, headers: Headers, messages: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """Yield the messages, with the headers before the first.

    Not earlier: until the first message is verified, a refusal can still be a whole answer.
    """
    announced = False
    async for message in messages:
        if not announced:
            await context.send_initial_metadata(headers)
            announced = True
        yield message
