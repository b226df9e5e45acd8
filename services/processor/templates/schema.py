"""Answers that are JSON objects: the schema that a template may name, and the columns of an answer."""

from functools import lru_cache
from typing import Any

import orjson

MOST_COLUMNS = 20
_LONGEST_NAME = 100
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
    "null": type(None),
}


class SchemaInvalid(ValueError):
    """The text is no schema that answers can be asked by; its message says why."""


def check(text: str) -> None:
    """Raise SchemaInvalid unless the text is the JSON schema of an object whose properties can be columns."""
    try:
        schema = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise SchemaInvalid("is not JSON") from None
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise SchemaInvalid("must be a schema of type object")
    found = schema.get("properties")
    if not isinstance(found, dict) or not 1 <= len(found) <= MOST_COLUMNS:
        raise SchemaInvalid(f"must have 1 to {MOST_COLUMNS} properties")
    for name, about in found.items():
        if not name.strip() or len(name) > _LONGEST_NAME or any(ord(letter) < 32 for letter in name):
            raise SchemaInvalid("has a property whose name cannot be a column's")
        if not isinstance(about, dict) or not _known(about.get("type")):
            raise SchemaInvalid(f"must say the type of {name}")
    folded = {name.strip().casefold() for name in found}
    if len(folded) != len(found):
        raise SchemaInvalid("has two properties of one name, but for case")


def _known(kind: object) -> bool:
    kinds = kind if isinstance(kind, list) else [kind]
    return bool(kinds) and all(isinstance(each, str) and each in _TYPES for each in kinds)


@lru_cache(maxsize=256)
def strict(text: str) -> dict[str, Any]:
    """Return a schema that was checked, made strict: all properties are required, and there are no others."""
    schema: dict[str, Any] = orjson.loads(text)
    return schema | {"required": list(schema["properties"]), "additionalProperties": False}


def properties(text: str) -> tuple[str, ...]:
    """Return the names of a schema's properties, in its order."""
    return tuple(strict(text)["properties"])


def values(text: str, answer: str) -> tuple[str, ...] | None:
    """Return an answer's values as texts, in the order of the schema; None when it does not fit."""
    try:
        document = orjson.loads(_without_fence(answer))
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict):
        return None
    found: list[str] = []
    for name, about in strict(text)["properties"].items():
        if name not in document or not _fits(document[name], about["type"]):
            return None
        found.append(_text(document[name]))
    return None if any("\0" in each for each in found) else tuple(found)


def _without_fence(answer: str) -> str:
    """Take off the fence of Markdown that some models put around JSON."""
    stripped = answer.strip()
    if stripped.startswith("```") and stripped.endswith("```") and "\n" in stripped:
        return stripped.split("\n", 1)[1][:-3]
    return stripped


def _fits(value: object, kind: str | list[str]) -> bool:
    kinds = [kind] if isinstance(kind, str) else kind
    # In Python a truth value is a number, in JSON it is not.
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, _TYPES[each]) for each in kinds if each != "boolean")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()
