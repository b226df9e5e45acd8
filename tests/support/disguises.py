"""An API key in other clothes, as a hostile or careless provider may give it back, and a search for all."""

import base64
import json
import urllib.parse
from collections.abc import Callable, Iterator
from functools import lru_cache

_CHOPPED = {
    "blanks": " ",
    "dashes": "-",
    "underscores": "_",
    "commas": ", ",
    "line breaks": "\n",
    "tabs": "\t",
    "no-break spaces": "\xa0",
    "zero-width spaces": "\u200b",
    "soft hyphens": "\xad",
    "joiners": "\u2060",
    "byte order marks": "\ufeff",
    "em dashes": "—",
    "stars": "**",
    "ideographic spaces": "\u3000",
    "escaped line breaks": "\\n",
    "entities": "&shy;",
}


def _each(form: str) -> Callable[[str], str]:
    return lambda key: "".join(form % byte for byte in key.encode())


def _moved(first: int) -> Callable[[str], str]:
    """Small letters in another alphabet of Unicode, which begins at `first`."""
    return lambda key: "".join(chr(ord(c) - ord("a") + first) if "a" <= c <= "z" else c for c in key)


def _shifted(encode: Callable[[bytes], bytes], shift: int) -> Callable[[str], str]:
    return lambda key: encode(b"Key: "[:shift] + key.encode() + b", no?").decode()


def _chopped(sign: str) -> Callable[[str], str]:
    return lambda key: sign.join(key[at : at + 7] for at in range(0, len(key), 7))


_SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "reversed": lambda key: key[::-1],
    "in capitals": str.upper,
    "in the other case": str.swapcase,
    "hex": lambda key: key.encode().hex(),
    "hex in capitals": lambda key: key.encode().hex().upper(),
    "hex with colons": lambda key: key.encode().hex(":"),
    "hex of a program": _each("\\x%02x"),
    "numbers of a program": lambda key: ", ".join(f"0x{byte:02X}" for byte in key.encode()),
    "octal": _each("\\%03o"),
    "JSON escapes": _each("\\u%04x"),
    "JSON escapes, escaped": _each("\\\\u%04X"),
    "escapes with braces": _each("\\u{%x}"),
    "long escapes": _each("\\U%08x"),
    "URL escapes": _each("%%%02X"),
    "URL escapes, escaped": _each("%%25%02x"),
    "URL escapes of old browsers": _each("%%u%04x"),
    "quoted-printable": _each("=%02X"),
    "entities": _each("&#%d;"),
    "hexadecimal entities": _each("&#x%x;"),
    "entities without ends": _each("&#%d"),
    "entities, escaped": _each("&amp;#%d;"),
    "full width": lambda key: "".join(chr(ord(c) + 0xFEE0) for c in key),
    "full width, URL escapes": lambda key: urllib.parse.quote("".join(chr(ord(c) + 0xFEE0) for c in key)),
    "bold letters of mathematics": _moved(0x1D41A),
    "those as JSON escapes": lambda key: json.dumps(_moved(0x1D41A)(key))[1:-1],
    "letters in circles": _moved(0x24D0),
    "letters with accents": lambda key: "".join(c + "\u0301" for c in key),
    "letters that are not shown": lambda key: "".join(chr(ord(c) + 0xE0000) for c in key),
    **{f"base64 from {shift}": _shifted(base64.b64encode, shift) for shift in range(3)},
    **{f"base64 for URLs from {shift}": _shifted(base64.urlsafe_b64encode, shift) for shift in range(3)},
    "base64 in lines": lambda key: base64.encodebytes(f"{'x' * 50}{key}{'y' * 50}".encode()).decode(),
    **{f"every letter between {name}": sign.join for name, sign in _CHOPPED.items()},
    **{f"chopped by {name}": _chopped(sign) for name, sign in _CHOPPED.items()},
}


@lru_cache(maxsize=8)
def spelled(key: str) -> dict[str, str]:
    """Return the key in each of the clothes, by their names."""
    return {name: spell(key) for name, spell in _SPELLINGS.items()}


def seen_in(text: str, key: str) -> Iterator[str]:
    """Yield the names of the clothes in which a text shows the key."""
    yield from (name for name, form in spelled(key).items() if form in text)
    squeezed = "".join(filter(str.isalnum, text.lower()))
    for name, form in (("squeezed", key), ("squeezed and reversed", key[::-1])):
        if "".join(filter(str.isalnum, form.lower())) in squeezed:
            yield name
