"""Random ids, and the resource names that contain them."""

import base64
import re
import secrets

from services.common.errors import InvalidRequest

_ID = re.compile(r"[a-z0-9]{1,64}\Z")


def new_id() -> str:
    """Return 26 characters of a-z and 2-7 holding 130 random bits: unguessable, safe in paths."""
    return base64.b32encode(secrets.token_bytes(17)).decode("ascii").lower()[:26]


def parse_name(collection: str, name: str) -> str:
    """Return the id in `collection/{id}`; raise InvalidRequest for anything else."""
    prefix, _, tail = name.partition("/")
    if prefix != collection or not _ID.match(tail):
        raise InvalidRequest(violations=[("name", f"must look like {collection}/{{id}}")])
    return tail
