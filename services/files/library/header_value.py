"""Values of headers with parameters, such as `form-data; name="f"` (RFC 9110, 5.6.6), read in one pass."""

import re
from urllib.parse import unquote_to_bytes

#: `; name=token` or `; name="quoted"`. Each byte can be matched in one way only, so the time is linear.
_PARAMETER = re.compile(
    rb'[ \t]*;[ \t]*(?:([^ \t;="]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;"]*)))?', re.DOTALL
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
#: Honest headers have two or three.
_MOST_PARAMETERS = 16


def read_header(value: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Return the value before the parameters, and the parameters by name, both names in lower case.

    Reading ends where something is no parameter, or after sixteen. Of parameters with one name the first
    counts.
    """
    end = value.find(b";")
    if end < 0:
        return value.strip().lower(), {}
    found: dict[bytes, bytes] = {}
    at = end
    for _ in range(_MOST_PARAMETERS):
        match = _PARAMETER.match(value, at)
        if match is None:
            break
        at = match.end()
        name, quoted, token = match.groups()
        if name is not None:
            text = token.strip() if quoted is None else _ESCAPED.sub(rb"\1", quoted)
            found.setdefault(name.lower(), text)
    return value[:end].strip().lower(), found


def text_parameter(parameters: dict[bytes, bytes], name: bytes) -> str | None:
    """Return a parameter as text: `name*` in its own encoding (RFC 8187), or else `name` in UTF-8."""
    charset, mark, rest = parameters.get(name + b"*", b"").partition(b"'")
    _, second_mark, escaped = rest.partition(b"'")
    if mark and second_mark and charset.lower() in (b"utf-8", b"iso-8859-1"):
        return unquote_to_bytes(escaped).decode(charset.decode("ascii"), "replace")
    plain = parameters.get(name)
    return None if plain is None else plain.decode("utf-8", "replace")
