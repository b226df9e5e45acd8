"""The strict form of a schema, as providers accept it, and the answers that it allows.

OpenAI accepts a part of JSON Schema as `strict` (platform.openai.com/docs/guides/structured-outputs,
"Supported schemas"): every object is closed and lists all its properties as required, optional values may be
null instead, and some keywords are refused. In return, the model cannot deviate from the schema. This module
knows no columns.
"""

import re
from typing import Any

#: How many nested objects, and how many enum values in all, a strict schema may have (the provider's limits).
MOST_OBJECTS = 10
MOST_CHOICES = 1000

_WORDS = frozenset({"title", "description"})
# These keywords tell the model nothing, and some providers refuse them.
_DROPPED = frozenset(
    {"$schema", "$id", "$comment", "default", "examples", "deprecated", "readOnly", "writeOnly"}
)
_KEYWORDS = frozenset(
    {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "anyOf",
        "$ref",
        "$defs",
        "definitions",
    }
    | {"enum", "const", "pattern", "format", "multipleOf", "minItems", "maxItems"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
)
# References are followed only to definitions: any other place may have been made nullable.
_DEFINITION = re.compile(r"#/(?:\$defs|definitions)/[^/]+")
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})


class _NotStrict(Exception):
    """The schema cannot be expressed in the strict form."""


def strict(root: dict[str, Any]) -> dict[str, Any] | None:
    """Return the strict form of a schema, or None if it has none. All of its own properties are required."""
    try:
        return _Closing().of(root | {"required": list(root["properties"])}, objects=0)
    except _NotStrict:
        return None


def with_nulls(root: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that also accepts null for optional properties, as the strict form allows."""
    made: dict[str, Any] = _nulls(root | {"required": list(root["properties"])})
    return made


class _Closing:
    def __init__(self) -> None:
        self._choices = 0

    def of(self, schema: Any, objects: int) -> dict[str, Any]:
        if not isinstance(schema, dict) or not schema.keys() <= _KEYWORDS | _WORDS | _DROPPED:
            raise _NotStrict
        closed = {name: value for name, value in schema.items() if name not in _DROPPED}
        if "$ref" in closed:
            return self._reference(closed)
        if closed.get("format", "date") not in _FORMATS:
            raise _NotStrict
        self._choices += len(closed.get("enum", ()))
        if self._choices > MOST_CHOICES:
            raise _NotStrict
        if "anyOf" in closed:
            if closed.keys() - _WORDS - {"anyOf"}:
                # Closing an alternative would exclude the properties beside it.
                raise _NotStrict
            closed["anyOf"] = [self.of(each, objects) for each in closed["anyOf"]]
            return closed
        kinds = closed.get("type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if kinds == [None]:
            raise _NotStrict
        if "array" in kinds:
            closed["items"] = self.of(closed.get("items"), objects)
        if "object" in kinds or "properties" in closed:
            self._object(closed, objects + 1)
        for name in ("$defs", "definitions"):
            if name in closed:
                closed[name] = {each: self.of(about, objects) for each, about in closed[name].items()}
        return closed

    def _object(self, closed: dict[str, Any], objects: int) -> None:
        if objects > MOST_OBJECTS or not closed.get("properties"):
            raise _NotStrict
        if objects > 1 and closed.get("additionalProperties", False) is not False:
            # This is a map, or an object that is open on purpose.
            raise _NotStrict
        closed["properties"] = {name: self.of(each, objects) for name, each in _optional_null(closed).items()}
        closed["required"] = list(closed["properties"])
        closed["additionalProperties"] = False

    def _reference(self, closed: dict[str, Any]) -> dict[str, Any]:
        words = closed.keys() - {"$ref"}
        if not words <= _WORDS or not _DEFINITION.fullmatch(closed["$ref"]):
            raise _NotStrict
        if not words:
            return closed
        # A reference must stand alone, so its annotations go around it.
        return {"anyOf": [{"$ref": closed["$ref"]}]} | {name: closed[name] for name in words}


def _optional_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return an object's properties; those that its `required` leaves out may be null.

    Without `required`, all properties are required, as at the top level.
    """
    found: dict[str, Any] = schema["properties"]
    required = schema.get("required")
    if required is None:
        return found
    return {name: each if name in required else _or_null(each) for name, each in found.items()}


def _or_null(schema: Any) -> Any:
    if not isinstance(schema, dict) or not schema:
        return schema
    kinds = schema.get("type")
    if kinds is None or "enum" in schema or "const" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return schema if "null" in kinds else schema | {"type": [*kinds, "null"]}


def _nulls(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    if isinstance(made.get("properties"), dict):
        made["properties"] = {name: _nulls(each) for name, each in _optional_null(made).items()}
    if isinstance(made.get("items"), dict):
        made["items"] = _nulls(made["items"])
    if isinstance(made.get("anyOf"), list):
        made["anyOf"] = [_nulls(each) for each in made["anyOf"]]
    for name in ("$defs", "definitions"):
        if isinstance(made.get(name), dict):
            made[name] = {each: _nulls(about) for each, about in made[name].items()}
    return made
