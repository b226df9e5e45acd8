"""The JSON object that an answer means: alone, in a fence, or among words; numbers as they were written."""

import json
import re
from collections.abc import Iterable
from typing import Any

import orjson

from services.common.aside import go_on

#: Places where an object may begin that are tried. Each costs a pass over the answer.
_MOST_STARTS = 10
_STRING = r'"(?:[^"\\]|\\.)*"'
_BRACKET = re.compile(_STRING + r"|[\[\]{}]", re.DOTALL)
_TEXT = re.compile(_STRING, re.DOTALL)
#: Numbers that may be shown in another way than they were written: with a point, an exponent, many digits.
_ODD = re.compile(r"-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)|-?\d{16,}|-0")
#: With more of them, an answer's numbers are shown as Python reads them: each one costs a worker time.
_MOST_ODD = 1000
_OPENING = "[{"


class _Written(str):
    """A number as the answer has it."""

    __slots__ = ()


def documents_in(answer: str) -> list[tuple[str, Any]]:
    """Return what an answer may mean, each document with its source; empty if nothing in it is JSON.

    An answer that is JSON as a whole means that alone: also a text that is JSON again, and a list of one
    object. Among words, only objects count.
    """
    text = answer.strip()
    try:
        return [_unwrapped(text, orjson.loads(text))]
    except orjson.JSONDecodeError:
        pass
    found: list[tuple[str, Any]] = []
    start = text.find("{")
    for _ in range(_MOST_STARTS):
        if start < 0:
            break
        go_on()
        source = _balanced(text, start)
        try:
            found.append((source, orjson.loads(source)))
            start = text.find("{", start + len(source))
        except orjson.JSONDecodeError:
            start = text.find("{", start + 1)
    return found


def cells(source: str, document: dict[str, Any], names: Iterable[str]) -> list[str]:
    """Return what a document has under some names, as cells: a text as it is, nothing for null, else JSON.

    Raises orjson.JSONEncodeError for lists in lists deeper than it can write.
    """
    texts = [_cell(document[name]) for name in names]
    odd = _ODD.findall(_TEXT.sub("", source))
    if not odd or len(odd) > _MOST_ODD or _are_shown_as(odd):
        return texts
    again = json.loads(source, parse_float=_Written, parse_int=_Written)
    return [_as_written(again[name]) for name in names]


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()


def _as_written(value: object, *, within: bool = False) -> str:
    match value:
        case _Written():
            return value
        case dict():
            pairs = (f"{_json(name)}:{_as_written(each, within=True)}" for name, each in value.items())
            return "{" + ",".join(pairs) + "}"
        case list():
            return "[" + ",".join(_as_written(each, within=True) for each in value) + "]"
    return _json(value) if within else _cell(value)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _are_shown_as(numbers: list[str]) -> bool:
    text = f"[{','.join(numbers)}]"
    return orjson.dumps(orjson.loads(text)).decode() == text


def _unwrapped(source: str, document: Any) -> tuple[str, Any]:
    if isinstance(document, list) and len(document) == 1 and isinstance(document[0], dict):
        return source[1:-1].strip(), document[0]
    if isinstance(document, str):
        try:
            return document, orjson.loads(document)
        except orjson.JSONDecodeError:
            pass
    return source, document


def _balanced(text: str, start: int) -> str:
    """Return the text from a brace to the one that closes it, or to the end."""
    depth = 0
    for each in _BRACKET.finditer(text, start):
        token = each.group()
        if token in _OPENING:
            depth += 1
        elif len(token) == 1:
            depth -= 1
            if not depth:
                return text[start : each.end()]
    return text[start:]
