"""What an API key looks like in other clothes: reversed, encoded, escaped, in other letters, or chopped.

A text is brought into one form: escapes are read, look-alikes of Unicode become the letters that they stand
for (NFKD), case and every separator is dropped. In that form the key is looked for, and so are its reversed,
hexadecimal and base64 forms, each brought into the same form. That takes a time that grows with the text
alone, some twenty microseconds for a usual answer.

Of a key such as sk-proj-1a2b... the long part alone is looked for, with or without the rest.

A provider that invents a spelling of its own is not found out: it knows the key anyhow. What is kept from
people here is a key that an endpoint, a proxy or a model gives back without being asked.
"""

import base64
import html
import re
import unicodedata
from typing import Final

from services.common.aside import go_on

#: A form is looked for only if it has this many letters and digits, and this many different ones. Shorter and
#: plainer ones, such as 16 zeros, are found in honest texts: of such a key only its own spelling is looked
#: for.
SHORTEST_FORM: Final = 12
FEWEST_DIFFERENT: Final = 6
#: A part of a key between separators stands for the whole if it is as long as the shortest key.
CORE: Final = 16
#: A piece of a key of this many letters and digits is kept from codes of errors, which are short themselves.
SHORTEST_PIECE: Final = 4
#: Escapes are read in escapes, this often.
_LEVELS = 3

_LOWER = bytes.maketrans(bytes(range(65, 91)), bytes(range(97, 123)))
_ALNUM = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_NO_ALNUM = bytes(byte for byte in range(128) if byte not in _ALNUM)
# The signs that stand between parts of a key, or of a chopped one. A key's other signs count as its letters.
_SEPARATORS = frozenset(b" -_.:,;/|\\'\"`*~<>()[]{}") | frozenset(range(32)) | {127}
# Letters of Unicode that are not shown at all, one for each sign of ASCII.
_TAGS = {0xE0000 + sign: sign for sign in range(32, 127)}
_TAG = re.compile("[\U000e0020-\U000e007e]")
_PARTS = re.compile(rb"[a-zA-Z0-9]+")
_H = "[0-9a-fA-F]"
# The first sign alone is what the search stops at; what must follow depends on it.
_ESCAPE = re.compile(
    rf"[\\%&=0](?:(?<=\\)(?:u{_H}{{4}}(?:\\u{_H}{{4}})*|u\{{{_H}{{1,6}}\}}|U{_H}{{8}}"
    rf"|x{_H}{{2}}(?:\\x{_H}{{2}})*|[0-7]{{3}}|[^uUx])"
    rf"|(?<=%)(?:{_H}{{2}}(?:%{_H}{{2}})*|u{_H}{{4}}(?:%u{_H}{{4}})*)"
    rf"|(?<==){_H}{{2}}(?:={_H}{{2}})*"
    rf"|(?<=&)(?:\#[0-9]{{1,7}};?|\#[xX]{_H}{{1,6}};?|[a-zA-Z]{{2,31}};)"
    rf"|(?<=0)[xX]{_H}{{2}}(?!{_H}))",
    re.DOTALL,
)
_ESCAPING = ("\\", "%", "&", "=", "0x", "0X")
_BLANKS = frozenset("abfnrtv")
# A key of words, such as no-key-is-needed: with blanks between them, these are what people write.
_PHRASE = re.compile(r"[a-z]{2,12}(?:[-_.][a-z]{2,12}){2,}", re.IGNORECASE)
_WORD = re.compile(r"[a-z]*[aeiouy][a-z]*", re.IGNORECASE)


class Disguises:
    """Knows the texts that show an API key. It holds the key, so it lives no longer than the call."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        raw = _core(secret.encode("ascii"))
        self._dropped = [_NO_ALNUM]
        if odd := frozenset(raw) - _ALNUM - _SEPARATORS:
            self._dropped.append(bytes(byte for byte in _NO_ALNUM if byte not in odd))
        forms = [raw, raw[::-1], raw.hex().encode(), *(_base64(raw, offset) for offset in range(3))]
        if (unescaped := _ESCAPE.sub(_unescaped, secret)) != secret:
            # What looks like an escape in the key is read as one in the text.
            forms.append(_plain(unescaped))
        self._forms = [
            [form for each in forms if _is_telling(form := each.translate(_LOWER, dropped))]
            for dropped in self._dropped
        ]
        self._prose = _prose_of(secret)

    def __repr__(self) -> str:
        return "Disguises()"

    def are_in(self, text: str) -> bool:
        """Whether a text shows the key."""
        for _ in range(_LEVELS):
            if self._is_in(text):
                return True
            if not any(sign in text for sign in _ESCAPING):
                return False
            go_on()
            before, text = text, _ESCAPE.sub(_unescaped, text)
            if text == before:
                return False
        return self._is_in(text)

    def hide(self, word: str) -> bool:
        """Whether a word, such as the code of an error, shows the key or a piece of it."""
        piece = _plain(word).translate(_LOWER, _NO_ALNUM)
        key = self._secret.encode("ascii").translate(_LOWER, _NO_ALNUM)
        is_piece = len(piece) >= SHORTEST_PIECE and (piece in key or piece in key[::-1])
        return is_piece or self.are_in(word)

    def _is_in(self, text: str) -> bool:
        if self._secret in text:
            return True
        plain = _plain(text)
        for dropped, forms in zip(self._dropped, self._forms, strict=True):
            squeezed = plain.translate(_LOWER, dropped)
            for form in forms:
                if form in squeezed and not self._is_prose(plain, form, squeezed):
                    return True
        return False

    def _is_prose(self, plain: bytes, form: bytes, squeezed: bytes) -> bool:
        """Whether a key of words stands in a text as words only, with other signs between than it has."""
        if self._prose is None or self._secret.lower().encode() in plain.translate(_LOWER):
            return False
        return squeezed.count(form) == len(self._prose.findall(plain.translate(_LOWER)))


def _plain(text: str) -> bytes:
    """Return a text's letters and signs of ASCII, those included that others stand for."""
    if text.isascii():
        return text.encode("ascii")
    if _TAG.search(text):
        text = text.translate(_TAGS)
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore")


def _is_telling(form: bytes) -> bool:
    return len(form) >= SHORTEST_FORM and len(set(form)) >= FEWEST_DIFFERENT


def _core(raw: bytes) -> bytes:
    """Return the part of a key that is secret by itself, or all of it if there is none."""
    longest = max(_PARTS.findall(raw), key=len, default=b"")
    is_secret = len(longest) >= CORE and not longest.isalpha() and not longest.isdigit()
    return longest if is_secret else raw


def _base64(raw: bytes, offset: int) -> bytes:
    """Return what the base64 of any text has where these bytes begin that many after a multiple of three."""
    known = slice((0, 2, 3)[offset], (offset + len(raw)) * 8 // 6)
    return base64.b64encode(bytes(offset) + raw)[known]


def _prose_of(secret: str) -> re.Pattern[bytes] | None:
    """Return how the words of a key stand in prose; None unless it is made of words alone."""
    if not _PHRASE.fullmatch(secret):
        return None
    words = re.split(r"[-_.]", secret.lower())
    if not all(map(_WORD.fullmatch, words)):
        return None
    return re.compile(rb"(?<![a-z])" + rb"[^a-z0-9]+".join(word.encode() for word in words) + rb"(?![a-z])")


def _unescaped(found: re.Match[str]) -> str:
    """Return what an escape stands for."""
    text = found[0]
    first, second = text[0], text[1]
    if first == "&":
        return html.unescape(text)
    if first == "0":
        return chr(int(text[2:], 16))
    if second in "uU":
        if text[2] == "{" or second == "U":
            return _letter(int(text[2:].strip("{}"), 16))
        # Two escapes may be the halves of one letter.
        return bytes.fromhex(text.replace(text[:2], "")).decode("utf-16-be", "ignore")
    if first == "\\" and second != "x":
        if len(text) == 4:
            return _letter(int(text[1:], 8))
        return " " if second in _BLANKS else second
    prefix = text[:2] if first == "\\" else first
    return bytes.fromhex(text.replace(prefix, "")).decode("utf-8", "ignore")


def _letter(number: int) -> str:
    return chr(number) if number <= 0x10FFFF else ""
