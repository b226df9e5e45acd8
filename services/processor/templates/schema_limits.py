"""Bounds of schemas, so that checking an answer costs little. It reads schemas and knows no answers."""

from collections.abc import Callable, Iterator
from typing import Any

#: Nested levels of JSON in a schema. The ten nested objects that providers accept need 30.
MOST_LEVELS = 50
#: Keywords, counted once for each place that refers to them. Without this bound, references that double at
#: each step would make a short schema endless; a lower bound refuses large but honest schemas.
MOST_KEYWORDS = 1000
#: Patterns of one schema, and the nanoseconds that all of them together may take per byte of text.
MOST_PATTERNS = 20
MOST_PATTERN_NANOS = 20_000
#: The most nanoseconds that a check of one answer may take, by the figures below. The validator holds the
#: interpreter lock while it works, so a thread would not help: all calls of the worker wait. Lower refuses
#: more schemas and answers; higher stalls the worker longer. A misfit is checked twice, to find its place.
MOST_NANOS = 10_000_000
# A schema is refused when it is saved if it could not check even answers of this size.
_SHORT_ANSWER_BYTES, _SHORT_ANSWER_VALUES = 2000, 500

# Nanoseconds per value of an answer, measured with deliberately slow answers; a usual check takes a hundredth
# of this.
_KEYWORD = 30
_COSTS = {"uniqueItems": 800, "multipleOf": 8000, "unevaluatedProperties": 100, "unevaluatedItems": 100}
_CHOICE = 10
# Nanoseconds per byte of its texts and names, in addition to the patterns.
_BYTE = 2

_ONE = frozenset(
    {"additionalProperties", "unevaluatedProperties", "propertyNames", "additionalItems", "contains"}
    | {"unevaluatedItems", "not", "if", "then", "else", "contentSchema", "items"}
)
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_MAPS = ("properties", "patternProperties", "dependentSchemas", "dependencies")
_DEFINITIONS = ("$defs", "definitions")
# A value is in only one of these places.
_APART = ("properties", "prefixItems")
# These change what a reference leads to.
_FORBIDDEN = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor")
# Nested schemas, with references followed; each level is a recursive call.
_MOST_STEPS = 200
_SMALLEST_STEP, _LARGEST_STEP = 1e-9, 1e9


class SchemaInvalid(ValueError):
    """The text cannot be used as a schema of answers; the message says why."""


def levels(document: object) -> int:
    """Return how deeply lists and objects are nested."""
    deepest, left = 0, [(document, 1)]
    while left:
        value, level = left.pop()
        deepest = max(deepest, level)
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        left += [(each, level + 1) for each in inner]
    return deepest


def inner(schema: dict[str, Any], *, definitions: bool = True) -> Iterator[tuple[str, Any]]:
    """Yield the schemas directly within a schema, each with its keyword."""
    for keyword, value in schema.items():
        if keyword in _ONE and isinstance(value, dict | bool):
            yield keyword, value
        elif keyword in _LISTS and isinstance(value, list):
            yield from ((keyword, each) for each in value)
        elif (keyword in _MAPS or (definitions and keyword in _DEFINITIONS)) and isinstance(value, dict):
            yield from ((keyword, each) for each in value.values() if isinstance(each, dict | bool))


def resolve(root: dict[str, Any], reference: object) -> Any:
    """Return what a reference within the schema leads to; raise SchemaInvalid if it is not one."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        raise SchemaInvalid("must not refer to anything outside itself: each $ref must begin with #")
    if (reference != "#" and not reference.startswith("#/")) or "%" in reference:
        raise SchemaInvalid("must refer by path, as in #/$defs/name")
    found: Any = root
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isdecimal() and len(name) < 6 and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, dict) and name in found:
            found = found[name]
        else:
            raise SchemaInvalid(f"has a $ref that leads nowhere: {reference[:100]}")
    return found


def check(root: dict[str, Any], pattern_nanos: Callable[[str], int]) -> None:
    """Raise SchemaInvalid if a schema refers to itself or to anything outside, or exceeds a bound."""
    patterns: set[str] = set()
    known: set[int] = set()
    left = [root]
    while left:
        schema = left.pop()
        known.add(id(schema))
        for keyword in _FORBIDDEN:
            if keyword in schema and not (schema is root and keyword == "$id"):
                raise SchemaInvalid(f"must not use {keyword}")
        if "$schema" in schema and schema is not root:
            raise SchemaInvalid("must name its $schema only at the top level")
        step = schema.get("multipleOf", 1)
        if isinstance(step, int | float) and not _SMALLEST_STEP <= step <= _LARGEST_STEP:
            raise SchemaInvalid("must have a multipleOf between 0.000000001 and 1000000000")
        patterns |= set(_patterns(schema))
        left += [each for _, each in inner(schema) if isinstance(each, dict)]
    if len(patterns) > MOST_PATTERNS:
        raise SchemaInvalid(f"must have at most {MOST_PATTERNS} patterns")
    if sum(map(pattern_nanos, patterns)) > MOST_PATTERN_NANOS:
        raise SchemaInvalid(
            "has patterns that are too large: use smaller repetitions and fewer Unicode classes"
        )
    counted = _Sum(root, lambda schema: len(schema), apart=False, known=known)
    if sum(counted.of(each) for each in _roots(root)) > MOST_KEYWORDS:
        raise SchemaInvalid(f"must have at most {MOST_KEYWORDS} keywords, with all $refs followed")


def _roots(root: dict[str, Any]) -> Iterator[Any]:
    """Yield the schema and its definitions, including those that nothing refers to."""
    yield root
    for name in _DEFINITIONS:
        found = root.get(name)
        if isinstance(found, dict):
            yield from found.values()


class Cost:
    """The most time that a check of an answer takes."""

    def __init__(self, root: dict[str, Any], pattern_nanos: Callable[[str], int]) -> None:
        columns = list(root["properties"].values())
        # Each property's name is also looked up, even if the schema does not name it.
        rest = {name: value for name, value in root.items() if name not in ("properties", *_DEFINITIONS)}
        values = _Sum(root, _nanos_of_values, apart=True)
        texts = _Sum(root, lambda schema: _nanos_of_texts(schema, pattern_nanos), apart=True)
        self._rest = values.of(rest), _BYTE + texts.of(rest)
        self._rest_is_flat = not any(isinstance(each, dict) for _, each in inner(rest)) and "$ref" not in rest
        self._columns = [(values.of(each), texts.of(each)) for each in columns]
        for each in self._columns:
            short = _SHORT_ANSWER_VALUES, _SHORT_ANSWER_BYTES
            if _most(short, self._rest) + _most(short, each) > MOST_NANOS:
                raise SchemaInvalid("takes too long to check: use fewer or shorter alternatives and patterns")

    @property
    def nanos_per_byte(self) -> int:
        """The most that a byte more of an answer adds: it may be a value, and belong to any column."""
        return sum(self._rest) + max(map(sum, self._columns))

    def allows(self, answer: str, values: list[object], texts: list[str]) -> bool:
        """Whether an answer can be checked in time; values and texts are in the order of the schema."""
        most = _most(_size(answer, is_one=self._rest_is_flat), self._rest)
        for value, text, nanos in zip(values, texts, self._columns, strict=True):
            most += _most(_size(text, is_one=isinstance(value, str)), nanos)
        return most <= MOST_NANOS


def _size(text: str, *, is_one: bool) -> tuple[int, int]:
    """Return the most values and names that a JSON text can have, and its bytes."""
    return 1 if is_one else 1 + sum(map(text.count, ",:[{")), len(text.encode())


def _most(size: tuple[int, int], nanos: tuple[int, int]) -> int:
    return size[0] * nanos[0] + size[1] * nanos[1]


def _nanos_of_values(schema: dict[str, Any]) -> int:
    choices = schema.get("enum")
    return sum(_COSTS.get(keyword, _KEYWORD) for keyword in schema) + (
        _CHOICE * len(choices) if isinstance(choices, list) else 0
    )


def _nanos_of_texts(schema: dict[str, Any], pattern_nanos: Callable[[str], int]) -> int:
    return sum(map(pattern_nanos, _patterns(schema)))


def _patterns(schema: dict[str, Any]) -> list[str]:
    named, pattern = schema.get("patternProperties"), schema.get("pattern")
    found = [*named] if isinstance(named, dict) else []
    return [*found, pattern] if isinstance(pattern, str) else found


class _Sum:
    """Sums a figure over a schema, all schemas within it, and those that it refers to."""

    def __init__(
        self,
        root: dict[str, Any],
        own: Callable[[dict[str, Any]], int],
        *,
        apart: bool,
        known: set[int] | None = None,
    ) -> None:
        self._root = root
        self._own = own
        self._apart = apart
        self._known = known
        self._sums: dict[int, int | None] = {}

    def of(self, schema: Any, levels: int = 0) -> int:
        """Return the sum; raise SchemaInvalid if the schema refers to itself."""
        if not isinstance(schema, dict):
            return 0
        if levels > _MOST_STEPS:
            raise SchemaInvalid("has too many references in a row")
        place = id(schema)
        if place in self._sums:
            found = self._sums[place]
            if found is None:
                # The cost of checking an answer would have no bound.
                raise SchemaInvalid("must not refer to itself")
            return found
        self._sums[place] = None
        total, places = self._own(schema), dict.fromkeys(_APART, 0)
        for keyword, each in inner(schema, definitions=False):
            more = self.of(each, levels + 1)
            if self._apart and keyword in _APART:
                places[keyword] = max(places[keyword], more)
            else:
                total += more
        if "$ref" in schema:
            target = resolve(self._root, schema["$ref"])
            if self._known is not None and isinstance(target, dict) and id(target) not in self._known:
                raise SchemaInvalid("has a $ref that leads to no schema")
            total += self.of(target, levels + 1)
        total += sum(places.values())
        self._sums[place] = total
        return total
