"""What a refusal says, wherever in its body it stands: JSON of any shape, plain text, or a page of HTML."""

import html
import re
from dataclasses import dataclass

import orjson

#: Only this much of a body is read: refusals are short, and the rest is a page's decoration.
_MOST_BYTES = 65_536
_MOST_VALUES = 400
_MOST_CHARACTERS = 6_000
_DEEPEST = 12
_MESSAGES = frozenset(
    {"message", "msg", "detail", "error", "error_description", "description", "error_message", "title", "raw"}
)
_CODES = frozenset({"code", "type", "status", "reason", "error_code", "errorcode", "reasons", "error"})
_INVISIBLE = re.compile(r"(?is)<(script|style|head)\b.*?(?:</\1\s*>|\Z)")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_SPACES = re.compile(r"\s+")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{1,63}\Z")


@dataclass(frozen=True, slots=True)
class Clues:
    """The words, codes and numbers of one refusal; all empty if its body said nothing that can be read."""

    #: The sentence meant for people.
    message: str = ""
    #: Every text of the body, the message first, in lower case.
    words: str = ""
    #: The values of `code`, `type`, `reason` and the like, in lower case.
    codes: frozenset[str] = frozenset()
    #: The first of them that stands under `code` or `type`.
    code: str = ""
    #: The HTTP status that the body itself names: gateways wrap another provider's refusal.
    status: int | None = None
    #: Numbers and texts by the lower-case name that they stand under; the first of each name.
    values: tuple[tuple[str, str], ...] = ()
    #: Whether the body was JSON with anything in it: an endpoint of another kind sends none.
    is_json: bool = False

    def value(self, *names: str) -> str:
        """Return the first value that stands under one of the names, or nothing."""
        found = dict(self.values)
        return next((found[name] for name in names if name in found), "")


def clues_in(body: bytes) -> Clues:
    """Return what a body says; costs a few milliseconds at most, whatever was sent."""
    body = body[:_MOST_BYTES]
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _page(body)
    return _Walk().over(document)


def _page(body: bytes) -> Clues:
    text = body.decode("utf-8", "replace")
    if "<" in text:
        text = html.unescape(_TAG.sub(" ", _INVISIBLE.sub(" ", text)))
    text = _SPACES.sub(" ", text).strip()[:_MOST_CHARACTERS]
    return Clues(message=text, words=text.lower())


class _Walk:
    """Goes through a document once, with bounds."""

    def __init__(self) -> None:
        self._messages: list[str] = []
        self._others: list[str] = []
        self._codes: set[str] = set()
        self._values: dict[str, str] = {}
        self._status: int | None = None

    def over(self, document: object) -> Clues:
        # A list is worked off from its end, so what comes first in the document is put last.
        rest: list[tuple[str, object, int]] = [("", document, 0)]
        seen = 0
        while rest and seen < _MOST_VALUES:
            seen += 1
            name, value, depth = rest.pop()
            if depth > _DEEPEST:
                continue
            if isinstance(value, dict):
                rest += [
                    (str(key).lower(), each, depth + 1)
                    for key, each in list(value.items())[:_MOST_VALUES][::-1]
                ]
            elif isinstance(value, list):
                rest += [(name, each, depth + 1) for each in value[:_MOST_VALUES][::-1]]
            elif isinstance(value, str):
                inner = _inner(value)
                if inner is not None:
                    rest.append((name, inner, depth + 1))
                else:
                    self._text(name, value)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                self._number(name, value)
        words = " ".join([*self._messages, *self._others])[:_MOST_CHARACTERS]
        return Clues(
            message=" ".join((self._messages or self._others)[:1])[:_MOST_CHARACTERS],
            words=words.lower(),
            codes=frozenset(self._codes),
            code=self._values.get("code", self._values.get("type", "")).lower(),
            status=self._status,
            values=tuple(self._values.items()),
            is_json=document not in (None, "", {}, []),
        )

    def _text(self, name: str, value: str) -> None:
        value = _SPACES.sub(" ", value[:_MOST_CHARACTERS]).strip()
        if not value:
            return
        self._values.setdefault(name, value[:200])
        if name in _CODES and _CODE.match(value):
            self._codes.add(value.lower())
            self._others.append(value)
        elif name in _CODES and value.isdecimal():
            self._number(name, int(value[:18]))
        elif (name in _MESSAGES or not name) and " " in value:
            self._messages.append(value)
        else:
            self._others.append(value)

    def _number(self, name: str, value: float) -> None:
        self._values.setdefault(name, repr(value)[:40])
        if name in _CODES:
            self._codes.add(repr(value)[:40])
        if (
            name in ("code", "status", "status_code", "statuscode")
            and self._status is None
            and 400 <= value < 600
        ):
            self._status = int(value)


def _inner(value: str) -> object:
    """Return the document inside a text: gateways pass on another provider's body as one."""
    if value[:1] not in "{[" or value[-1:] not in "}]":
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
