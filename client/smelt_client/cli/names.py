"""Names that can be typed: the first letters of an ID, as tables show them, in place of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from ..client import Client
from ..errors import NotFound, SmeltError
from .common import logged_in
from .printing import ID_LENGTH, short

#: A person waits for each press of the key.
_COMPLETION_SECONDS = 2.0
_MOST_COMPLETED = 200

_LISTS: Mapping[str, Callable[[Client], Iterable[Any]]] = {
    "files": lambda client: client.files.list(),
    "templates": lambda client: client.templates.list(),
    "jobs": lambda client: client.jobs.list(),
    "apiKeys": lambda client: client.api_keys.list(),
    "webhooks": lambda client: client.webhooks.list(),
    "accessTokens": lambda client: client.access_tokens.list(),
}


def found(client: Client, collection: str, text: str) -> str:
    """Return the name that a text stands for: `jobs/ID`, an ID, or the beginning of one."""
    if "/" in text or len(text) >= ID_LENGTH:
        return text
    names = [one.name for one in _LISTS[collection](client)]
    return chosen(names, collection, text)


def completing(collection: str) -> Callable[[str], list[str]]:
    """Return what completes names in a shell: short IDs, and templates by their display names."""

    def complete(incomplete: str) -> list[str]:
        try:
            with logged_in() as client:
                quick = client.with_options(timeout=_COMPLETION_SECONDS, retries=0)
                known = islice(_LISTS[collection](quick), _MOST_COMPLETED)
                names = [one.display_name if collection == "templates" else short(one.name) for one in known]
        except (SmeltError, OSError):
            # A shell shows nothing of it: the command itself will say what is wrong.
            return []
        return [name for name in names if name.casefold().startswith(incomplete.casefold())]

    return complete


def chosen(names: Iterable[str], collection: str, text: str) -> str:
    """Return the only name whose ID begins with a text; raise NotFound, or SmeltError for several."""
    matching = [name for name in names if name.startswith(f"{collection}/{text}")]
    if not matching:
        raise NotFound(f"you have no {collection}/{text}", reason="NOT_FOUND", status=404)
    if len(matching) > 1:
        raise SmeltError(f"several IDs begin with {text}: {', '.join(matching[:5])}; type more letters")
    return matching[0]
