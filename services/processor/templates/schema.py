"""Answers that are JSON objects: the schema that a template may have, and the columns of an answer."""

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

import jsonschema_rs
import orjson

from services.common.aside import go_on
from services.common.lines import is_line
from services.processor.templates import schema_limits
from services.processor.templates.answer_json import cells, documents_in
from services.processor.templates.schema_limits import SchemaInvalid
from services.processor.templates.strict import strict, with_nulls

__all__ = ["AnswerSchema", "SchemaInvalid", "Unfitting", "check", "of", "properties"]

MOST_COLUMNS = 20
#: The longest message about an answer that does not fit, in characters. It may contain names from the answer,
#: so it needs a bound.
LONGEST_DETAIL = 200
_LONGEST_NAME = 100
_TYPES = frozenset({"string", "boolean", "integer", "number", "array", "object", "null"})
#: Types of values that are not written freely.
_CLOSED = frozenset({"boolean", "integer", "number", "null"})
_DRAFTS = {
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
    "http://json-schema.org/draft-06/schema",
}
# The time for a pattern is proportional to its compiled size and to the text: the engine follows all
# alternatives at once, and has neither look-around nor back-references. The figures are nanoseconds per byte
# of text for each compiled size, measured with deliberately slow patterns. Unicode classes need the larger
# sizes.
_PATTERN_NANOS = {4 * 1024: 600, 16 * 1024: 2200}
_LARGEST_PATTERN, _LARGEST_PATTERN_NANOS = 64 * 1024, 9000
# How many validators of schemas in use are cached. One takes up to 3 MiB for its patterns and their cached
# states, so more cost memory; fewer compile a schema again for every answer once more jobs than this are in
# work.
_KNOWN_SCHEMAS = 32
_QUICK_NANOS = 2_000_000
_MOST_BYTES_OF_A_CHARACTER = 4
#: Lists and objects in an answer, with the brackets and braces of its texts. Reading very many holds the
#: interpreter's lock for long.
_MOST_CONTAINERS = 20_000
_NAMED = ("properties", "patternProperties", "$defs", "definitions")
# Keywords that are left out when the place of a misfit is searched: they collect the errors of every branch
# that they try, without a bound.
_TRIES = frozenset(
    {"anyOf", "oneOf", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedProperties"}
    | {"unevaluatedItems", "dependentSchemas", "dependencies"}
)


class Unfitting(ValueError):
    """An answer does not fit its schema; its message says where and why, and shows none of its values."""


def check(text: str) -> None:
    """Raise SchemaInvalid unless the text is a JSON schema of an object whose properties can be columns."""
    of(text)


@lru_cache(maxsize=_KNOWN_SCHEMAS)
def of(text: str) -> "AnswerSchema":
    """Return the compiled form of a schema, cached while it is in use; raise SchemaInvalid."""
    return AnswerSchema(text)


@lru_cache(maxsize=256)
def properties(text: str) -> tuple[str, ...]:
    """Return the names of a schema's properties, in order, even if the schema is no longer accepted."""
    return tuple(orjson.loads(text)["properties"])


def is_choice(text: str) -> bool:
    """Whether no property is written freely: all are numbers, booleans, or of an `enum`."""
    schema = orjson.loads(text)
    return all(_is_closed(each, schema) for each in schema["properties"].values())


def _is_closed(schema: Any, root: Mapping[str, Any]) -> bool:
    if not isinstance(schema, dict):
        return False
    if isinstance(place := schema.get("$ref"), str):
        room, _, name = place.removeprefix("#/").partition("/")
        shared = root.get(room)
        schema = shared.get(name) if isinstance(shared, dict) else None
    if not isinstance(schema, dict) or "enum" in schema or "const" in schema:
        return isinstance(schema, dict)
    kinds = schema.get("type")
    every = kinds if isinstance(kinds, list) else [kinds]
    return bool(every) and all(kind in _CLOSED for kind in every)


class AnswerSchema:
    """A checked schema: the form in which it is sent, and which answers fit it."""

    def __init__(self, text: str) -> None:
        schema = _parsed(text)
        _check_columns(schema)
        _check_dialect(schema)
        schema_limits.check(schema, _pattern_nanos)
        self.columns: tuple[str, ...] = tuple(schema["properties"])
        closed = {"required": list(self.columns), "additionalProperties": False}
        try:
            jsonschema_rs.meta.validate(schema)
            narrow = strict(schema)
            #: Whether the provider can enforce the schema; otherwise the model is only shown it.
            self.is_strict = narrow is not None
            self.sent: dict[str, Any] = schema | closed if narrow is None else narrow
            self._schema = with_nulls(schema) if self.is_strict else schema | {"required": list(self.columns)}
            self._valid = _compiled(self._schema)
        except jsonschema_rs.ValidationError as error:
            raise SchemaInvalid(_why(error)) from None
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise SchemaInvalid(f"is not a JSON schema: {error}"[:LONGEST_DETAIL]) from None
        self._cost = schema_limits.Cost(self._schema, _pattern_nanos)
        #: Answers of this length are read within two milliseconds, whatever they say.
        self.quick_characters = _QUICK_NANOS // (_MOST_BYTES_OF_A_CHARACTER * self._cost.nanos_per_byte)

    @cached_property
    def _first_error(self) -> jsonschema_rs.Validator | None:
        try:
            return _compiled(_without_tries(self._schema))
        except ValueError:
            # A reference leads to something that was left out.
            return None

    def read(self, answer: str) -> tuple[str, ...]:
        """Return an answer's values as texts, in the order of the schema; raise Unfitting.

        Among words, the object is taken that fits, if there is no other.
        """
        if answer.count("[") + answer.count("{") > _MOST_CONTAINERS:
            raise Unfitting("it has too many lists and objects")
        found = documents_in(answer)
        if not found:
            raise Unfitting("it is not JSON")
        fitting: set[tuple[str, ...]] = set()
        misfits: list[Unfitting] = []
        for source, document in found:
            go_on()
            try:
                fitting.add(self._read(source, document))
            except Unfitting as error:
                misfits.append(error)
        if not fitting:
            raise misfits[0]
        if len(fitting) > 1:
            raise Unfitting("it has several objects that fit")
        return fitting.pop()

    def _read(self, source: str, document: object) -> tuple[str, ...]:
        if not isinstance(document, dict):
            raise Unfitting("it is not an object")
        for name in self.columns:
            if name not in document:
                raise Unfitting(f"{name} is missing")
        try:
            texts = cells(source, document, self.columns)
        except orjson.JSONEncodeError:
            # orjson reads lists that are nested four times deeper than it can write.
            raise Unfitting("it is nested too deeply") from None
        if any("\0" in each for each in texts):
            raise Unfitting("it contains a NUL character")
        values = [document[name] for name in self.columns]
        if not self._cost.allows(source, values, texts):
            raise Unfitting("it is too long to be checked against this schema")
        go_on()
        try:
            fits = self._valid.is_valid(document)
        except ValueError:
            raise Unfitting("it is nested too deeply") from None
        if not fits:
            go_on()
            raise Unfitting(self._detail(document))
        return tuple(texts)

    def _detail(self, document: dict[str, Any]) -> str:
        if self._first_error is None:
            return "it does not fit the schema"
        try:
            self._first_error.validate(document)
        except jsonschema_rs.ValidationError as error:
            return _printable(f"{_place(error.instance_path)}: {error.message}")
        except ValueError:
            return "it is nested too deeply"
        return "it fits none of the alternatives of the schema"


def _parsed(text: str) -> dict[str, Any]:
    try:
        schema = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise SchemaInvalid("is not JSON") from None
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise SchemaInvalid("must be a schema of type object")
    if schema_limits.levels(schema) > schema_limits.MOST_LEVELS:
        raise SchemaInvalid(f"must have at most {schema_limits.MOST_LEVELS} levels")
    return schema


def _check_columns(schema: dict[str, Any]) -> None:
    found = schema.get("properties")
    if not isinstance(found, dict) or not 1 <= len(found) <= MOST_COLUMNS:
        raise SchemaInvalid(f"must have 1 to {MOST_COLUMNS} properties")
    for name, about in found.items():
        if not name.strip() or len(name) > _LONGEST_NAME or not is_line(name):
            raise SchemaInvalid("has a property whose name cannot be a column name")
        if not isinstance(about, dict) or not _known(about.get("type")):
            raise SchemaInvalid(f"must state the type of {name}")
    folded = {name.strip().casefold() for name in found}
    if len(folded) != len(found):
        raise SchemaInvalid("has two properties whose names differ only in case")


def _known(kind: object) -> bool:
    kinds = kind if isinstance(kind, list) else [kind]
    return bool(kinds) and all(isinstance(each, str) and each in _TYPES for each in kinds)


def _check_dialect(schema: dict[str, Any]) -> None:
    named = schema.get("$schema")
    if named is not None and (not isinstance(named, str) or named.removesuffix("#") not in _DRAFTS):
        raise SchemaInvalid("names a $schema that is not JSON Schema draft 2020-12, 2019-09, 7 or 6")


def _compiled(schema: dict[str, Any], largest_pattern: int = _LARGEST_PATTERN) -> jsonschema_rs.Validator:
    # Offline: whatever a schema says, the validator fetches nothing and reads no file. Formats are not
    # checked.
    return jsonschema_rs.validator_for(
        schema,
        validate_formats=False,
        mask="the value",
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(
            size_limit=largest_pattern, dfa_size_limit=_LARGEST_PATTERN
        ),
    )


@lru_cache(maxsize=256)
def _pattern_nanos(pattern: str) -> int:
    for size, nanos in _PATTERN_NANOS.items():
        try:
            _compiled({"pattern": pattern}, size)
        except ValueError:
            continue
        return nanos
    return _LARGEST_PATTERN_NANOS


def _without_tries(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_tries(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _NAMED and isinstance(value, dict):
            kept[keyword] = {name: _without_tries(each) for name, each in value.items()}
        elif keyword in ("allOf", "prefixItems", "items", "additionalProperties", "additionalItems"):
            kept[keyword] = _without_tries(value)
        elif keyword not in _TRIES:
            kept[keyword] = value
    return kept


def _why(error: jsonschema_rs.ValidationError) -> str:
    """Describe what is wrong with a schema, with the place in it."""
    place = "/".join(map(str, error.instance_path))
    if "pattern" in error.instance_path[-1:] or "patternProperties" in error.instance_path[-2:]:
        why = "is not an accepted pattern (at most 64 KiB compiled, no look-around, no back-references)"
    else:
        why = error.message
    return _printable(f"is not a valid JSON schema: {place} {why}" if place else f"is not valid: {why}")


def _place(path: list[str | int]) -> str:
    return ".".join(map(str, path)) or "the object"


def _printable(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_DETAIL])
    return shown if len(text) <= LONGEST_DETAIL else f"{shown[:-1]}…"
