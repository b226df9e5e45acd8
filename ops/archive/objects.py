"""Small objects in the clear, and counted writes of large ones."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from ops.archive.names import STATUS
from ops.errors import Damaged
from ops.stores.errors import NoSuchObject
from ops.stores.store import Sink, Store


class Counted:
    """Passes bytes on to an object, and keeps their number and SHA-256."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self._digest.update(data)
        self.size += len(data)
        self._sink.write(data)
        return len(data)

    def flush(self) -> None:
        self._sink.flush()

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()


def put_json(store: Store, key: str, told: dict[str, Any]) -> None:
    """Write a small object in the clear."""
    with store.writing(key) as sink:
        sink.write(json.dumps(told, indent=1, sort_keys=True).encode())


def get_json(store: Store, key: str) -> dict[str, Any] | None:
    """Read a small object in the clear, or return None; raise Damaged if it is no JSON."""
    try:
        with store.reading(key) as source:
            told = json.loads(source.read())
    except NoSuchObject:
        return None
    except ValueError:
        raise Damaged(f"{key} is damaged") from None
    if not isinstance(told, dict):
        raise Damaged(f"{key} is damaged")
    return told


def note(store: Store, name: str, **told: Any) -> None:
    """Write down that something was done now, for metrics."""
    put_json(store, f"{STATUS}{name}.json", {"time": datetime.now(UTC).isoformat(), **told})


def noted(store: Store, name: str) -> dict[str, Any] | None:
    """Return what was written down last."""
    return get_json(store, f"{STATUS}{name}.json")
