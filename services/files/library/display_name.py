"""The names of people's files, made safe to show and to send in a header."""

import unicodedata
from urllib.parse import quote

LONGEST = 255
UNNAMED = "upload.csv"
# Some scripts and emoji need joiners. Other format characters can only mislead a reader.
_JOINERS = "\u200c\u200d"


def display_name(given: str) -> str:
    """Return the last part of a path without control characters, direction overrides and outer dots."""
    last = given.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in unicodedata.normalize("NFC", last) if c in _JOINERS or _is_shown(c))
    return kept.strip(" .")[:LONGEST].rstrip() or UNNAMED


def content_disposition(name: str) -> str:
    """Return a header value that saves the download under this name (RFC 6266, RFC 8187)."""
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _is_shown(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] not in "CZ"
