"""JSON of a provider, read in a time that is bounded whatever its shape."""

from typing import Any

import orjson

#: Lists and objects in a document, with the brackets and braces of its texts, which are not told apart. A
#: completion has a dozen. Reading a megabyte of empty lists holds the interpreter's lock for 50 ms; of this
#: many, for 10.
MOST_CONTAINERS = 50_000


def document(content: bytes) -> Any:
    """Return what a document says; None if it cannot be read or has more than MOST_CONTAINERS."""
    if content.count(b"[") + content.count(b"{") > MOST_CONTAINERS:
        return None
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
