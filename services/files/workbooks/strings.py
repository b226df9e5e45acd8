"""The strings that a workbook keeps in one place; cells name them by number."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from xml.sax.saxutils import unescape

from services.files.workbooks.values import unescaped
from services.files.workbooks.xml import Walk

#: Characters that XML forbids; the parser of XML is asked about a text that has one.
_FORBIDDEN = bytes(code for code in range(32) if code not in b"\t\n\r")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)")
#: What `unescape` resolves besides the other three.
QUOTES = {"&quot;": '"', "&apos;": "'"}
_END = b"</si>"
#: The plain form of most strings, then anything that is not in it.
_PLAIN = re.compile(r'<si><t(?: xml:space="preserve")?>([^<]*)</t></si>|(.)', re.DOTALL)
#: A single string may have 32,767 characters; a longer stretch without an end is left to the parser of XML.
_MOST_WAITING = 4 * 1024 * 1024


def plain_text(raw: bytes) -> str | None:
    """Return UTF-8 as text with the line ends of XML; None when a parser of XML has to judge it."""
    if b"<!" in raw or len(raw.translate(None, _FORBIDDEN)) < len(raw):
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    if "&" in text and _ENTITY.search(text):
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def shared_strings(pieces: Iterable[bytes], part: str) -> list[str]:
    """Return all strings of a part; raise FileWorkbookInvalid.

    What most programs write is read without a parser of XML, which takes several times as long; from the
    first piece on that looks different, the parser reads.
    """
    source = iter(pieces)
    strings: list[str] = []
    head = waiting = b""
    for piece in source:
        waiting += piece
        if not head:
            at = waiting.find(b"<si>")
            if at < 0:
                return _walked(chain([waiting], source), part, strings)
            if not _is_plain_head(waiting[:at]):
                return _walked(chain([waiting], source), part, strings)
            head, waiting = waiting[:at], waiting[at:]
        cut = waiting.rfind(_END) + len(_END)
        found = _block(waiting[:cut]) if cut >= len(_END) else None
        if found is None:
            if cut < len(_END) and len(waiting) < _MOST_WAITING:
                continue
            return _walked(chain([head, waiting], source), part, strings)
        strings += found
        waiting = waiting[cut:]
    if not head or waiting.strip() != b"</sst>":
        return _walked([head + waiting], part, strings)
    return strings


def _is_plain_head(head: bytes) -> bool:
    opening = head.rpartition(b"<")[2]
    said = head[:200].lower()
    return (
        opening.startswith(b"sst")
        and b"<!" not in head
        and (b"encoding=" not in said or b'encoding="utf-8"' in said)
        and head.count(b"<") <= 2
    )


def _block(raw: bytes) -> list[str] | None:
    text = plain_text(raw)
    if text is None:
        return None
    found = _PLAIN.findall(text)
    if any(other for _, other in found):
        return None
    if "&" in text or "_x" in text:
        return [unescaped(unescape(string, QUOTES)) for string, _ in found]
    return [string for string, _ in found]


def _walked(pieces: Iterable[bytes], part: str, strings: list[str]) -> list[str]:
    """Append the strings of the rest; runs of rich text are one string, readings of it are none."""
    strings += _Strings(part).read(pieces)
    return strings


class _Strings:
    def __init__(self, part: str) -> None:
        self._walk = Walk(part, self._start, self._end, self._characters)
        self._found: list[str] = []
        self._text: list[str] = []
        self._inside = self._phonetic = False

    def read(self, pieces: Iterable[bytes]) -> Iterator[str]:
        for piece in pieces:
            self._walk.feed(piece)
            yield from self._taken()
        self._walk.feed(b"", final=True)
        yield from self._taken()

    def _taken(self) -> list[str]:
        found, self._found = self._found, []
        return found

    def _start(self, name: str, _: dict[str, str]) -> None:
        if name == "rPh":
            self._phonetic = True
        self._inside = name == "t" and not self._phonetic

    def _end(self, name: str) -> None:
        self._inside = False
        if name == "rPh":
            self._phonetic = False
        if name == "si":
            text = "".join(self._text)
            self._found.append(unescaped(text) if "_x" in text else text)
            self._text.clear()

    def _characters(self, text: str) -> None:
        if self._inside:
            self._text.append(text)
