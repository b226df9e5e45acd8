"""JSON schemas of templates, and the columns that answers become."""

import contextlib
import json
import random
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.processor.templates.library import find
from services.processor.templates.schema import (
    LONGEST_DETAIL,
    AnswerSchema,
    SchemaInvalid,
    Unfitting,
    check,
    of,
    properties,
)
from services.processor.templates.schema_limits import MOST_NANOS

SCHEMA = (
    '{"type":"object","properties":{"score":{"type":"integer"},"why":{"type":["string","null"]},'
    '"tags":{"type":"array","items":{"type":"string"}},"good":{"type":"boolean"}}}'
)
STRING = {"type": "string"}
EVIL = "[ab]*a[ab]{100}c"


def a(about: Any, **more: Any) -> str:
    """Return a schema with one property, `a`."""
    return json.dumps({"type": "object", "properties": {"a": about}, **more})


def fits(schema: str, answer: Any) -> bool:
    try:
        of(schema).read(json.dumps(answer))
    except Unfitting:
        return False
    return True


def why_unfit(schema: str, answer: Any) -> str:
    with pytest.raises(Unfitting) as found:
        of(schema).read(json.dumps(answer))
    return str(found.value)


def test_a_schema_of_an_object_makes_a_column_of_each_property() -> None:
    check(SCHEMA)
    assert properties(SCHEMA) == of(SCHEMA).columns == ("score", "why", "tags", "good")
    made = of(SCHEMA).sent
    assert (made["required"], made["additionalProperties"]) == (["score", "why", "tags", "good"], False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ('{"type":"string"}', "object"),
        ('{"type":"object"}', "properties"),
        ('{"type":"object","properties":{}}', "properties"),
        ('{"type":"object","properties":{"a":{}}}', "type of a"),
        ('{"type":"object","properties":{"a":{"type":"date"}}}', "type of a"),
        ('{"type":"object","properties":{" ":{"type":"string"}}}', "name"),
        ('{"type":"object","properties":{"a":{"type":"string"},"A":{"type":"string"}}}', "case"),
        (a({"type": "integer", "minimum": "0"}), "properties/a/minimum"),
        (a({"type": "array", "items": {"type": "strnig"}}), "properties/a/items/type"),
        (a(STRING, required="a"), "required"),
        (a(STRING, **{"$schema": "http://json-schema.org/draft-03/schema#"}), "draft"),
        (a(STRING, **{"$schema": "https://example.com/meta"}), "draft"),
        (a({"type": "object", "$id": "https://example.com/"}), "[$]id"),
        (a({"type": "object", "$dynamicRef": "#a"}), "[$]dynamicRef"),
        (a({"type": "string", "pattern": "(?=a)b"}), "look-around"),
        (a({"type": "string", "pattern": r"(a)\1"}), "back-references"),
        (a({"type": "string", "pattern": "((a{99}){99}){99}"}), "64 KiB"),
        (
            a({"type": "array", "allOf": [{"items": {"pattern": f"{EVIL}{n}"}} for n in range(21)]}),
            "patterns",
        ),
        (a({"type": "number", "multipleOf": 1e-300}), "multipleOf"),
        (a({"type": "array", "items": {"multipleOf": 1e300}}), "multipleOf"),
        (a({"type": "string", "allOf": [{"enum": [""]}] * 1100}), "keywords"),
        (a({"type": "array", "items": {"allOf": [{"uniqueItems": True, "minItems": 1}] * 100}}), "too long"),
        (
            '{"type":"object","properties":{"a":{"type":"array","items":' + "[" * 900 + "]" * 900 + "}}}",
            "levels",
        ),
    ],
)
def test_what_is_no_such_schema_is_refused(text: str, why: str) -> None:
    with pytest.raises(SchemaInvalid, match=why) as found:
        check(text)
    assert len(str(found.value)) <= LONGEST_DETAIL


@pytest.mark.parametrize(
    "reference",
    [
        "https://example.com/a.json",
        "file:///etc/passwd",
        "a.json",
        "//example.com",
        "",
        "https://json-schema.org/draft/2020-12/schema",
    ],
)
def test_a_reference_to_outside_is_refused_and_never_followed(
    reference: str,
) -> None:
    for place in (
        a({"type": "object", "$ref": reference}),
        a({"type": "array", "items": {"anyOf": [{"$ref": reference}]}}),
        a(STRING, **{"$defs": {"never used": {"$ref": reference}}}),
        a(STRING, dependentSchemas={"a": {"$ref": reference}}),
    ):
        with pytest.raises(SchemaInvalid, match="outside"):
            check(place)


def test_a_reference_in_an_unknown_keyword_fetches_nothing(tmp_path: Path) -> None:
    """The validator reads neither network nor disk, even for references that our own check does not see."""
    file = tmp_path / "schema.json"
    file.write_text('{"type":"integer"}')
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        for reference in (f"http://127.0.0.1:{server.getsockname()[1]}/a.json", file.as_uri()):
            text = a({"type": "string", "x-more": {"$ref": reference}})
            assert fits(text, {"a": "text"})
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("#", "itself"),
        ("#/properties/a", "itself"),
        ("#/$defs/one", "itself"),
        ("#/$defs/none", "nowhere"),
        ("#/properties/b/enum/0", "no schema"),
        ("#name", "by path"),
        ("#/$defs/%6Fne", "by path"),
    ],
)
def test_a_reference_leads_to_another_schema_of_the_same_text(reference: str, why: str) -> None:
    definitions = {"one": {"items": {"$ref": "#/$defs/two"}}, "two": {"not": {"$ref": "#/$defs/one"}}}
    schema = json.loads(a({"type": "object", "additionalProperties": {"$ref": reference}}))
    schema["properties"]["b"] = {"type": "object", "enum": [{}]}
    with pytest.raises(SchemaInvalid, match=why):
        check(json.dumps(schema | {"$defs": definitions}))


def test_references_that_double_at_each_step_are_refused() -> None:
    definitions: dict[str, Any] = {"d0": STRING}
    for n in range(1, 60):
        definitions[f"d{n}"] = {"anyOf": [{"$ref": f"#/$defs/d{n - 1}"}, {"$ref": f"#/$defs/d{n - 1}"}]}
    with pytest.raises(SchemaInvalid, match="keywords"):
        check(a({"type": "string", "$ref": "#/$defs/d59"}, **{"$defs": definitions}))
    row = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(400)} | {"d400": STRING}
    with pytest.raises(SchemaInvalid, match="in a row"):
        check(a({"type": "string", "$ref": "#/$defs/d0"}, **{"$defs": row}))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"score":7,"why":"big","tags":["a","b"],"good":true}', ("7", "big", '["a","b"]', "true")),
        ('{"good":false,"tags":[],"why":null,"score":0,"more":1}', ("0", "", "[]", "false")),
        ('```json\n{"score":7,"why":"","tags":[],"good":true}\n```', ("7", "", "[]", "true")),
    ],
)
def test_an_answer_that_fits_becomes_columns(answer: str, expected: tuple[str, ...]) -> None:
    assert of(SCHEMA).read(answer) == expected


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ('{"score":"7","why":"","tags":[],"good":true}', 'score: .* type "integer"'),
        ('{"score":true,"why":"","tags":[],"good":true}', 'score: .* type "integer"'),
        ('{"score":7,"why":"","tags":["x", 8],"good":true}', 'tags.1: .* type "string"'),
        ('{"score":7,"why":"","tags":[]}', "good is missing"),
        ('{"score":7,"why":"a\\u0000","tags":[],"good":true}', "NUL"),
        ("[1]", "not an object"),
        ("seven", "not JSON"),
    ],
)
def test_an_answer_that_does_not_fit_says_where(answer: str, why: str) -> None:
    with pytest.raises(Unfitting, match=why):
        of(SCHEMA).read(answer)


def test_the_librarys_score_stays_within_its_range() -> None:
    schema = find("qualify-score").fields.settings.json_schema
    assert fits(schema, {"score": 0, "reason": "r"}) and fits(schema, {"score": 100, "reason": "r"})
    assert (
        why_unfit(schema, {"score": 101, "reason": "r"})
        == "score: the value is greater than the maximum of 100"
    )
    assert "minimum of 0" in why_unfit(schema, {"score": -1, "reason": "r"})


@pytest.mark.parametrize(
    ("about", "good", "bad"),
    [
        (
            {"type": "array", "items": {"type": "object", "properties": {"n": {"maximum": 5}}}},
            [{"n": 5}],
            [{"n": 6}],
        ),
        ({"type": "object", "properties": {"b": {"enum": ["x", "y"]}}}, {"b": "y"}, {"b": "z"}),
        ({"type": "object", "required": ["b"]}, {"b": 1}, {}),
        ({"type": "object", "properties": {}, "additionalProperties": False}, {}, {"b": 1}),
        ({"type": "array", "minItems": 1, "uniqueItems": True}, [1, 2], [1, 1]),
        ({"type": "string", "pattern": "^[A-Z]{2}$"}, "DE", "de"),
        ({"type": "string", "maxLength": 3}, "äöü", "äöüß"),
        ({"type": ["array", "null"], "items": {"anyOf": [STRING, {"type": "null"}]}}, ["x", None], [1]),
        ({"type": "string", "oneOf": [{"const": "x"}, {"minLength": 2}]}, "xy", "y"),
        ({"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5}, 1.5, 1.2),
    ],
)
def test_answers_are_checked_to_their_depth(about: dict[str, Any], good: object, bad: object) -> None:
    assert fits(a(about), {"a": good})
    assert not fits(a(about), {"a": bad})


def test_a_format_is_a_hint_and_an_older_draft_is_read_as_such() -> None:
    assert fits(a({"type": "string", "format": "email"}), {"a": "no address"})
    pair = {"type": "array", "items": [STRING], "additionalItems": False}
    old = a(pair, **{"$schema": "http://json-schema.org/draft-07/schema#"})
    assert fits(old, {"a": ["x"]}) and not fits(old, {"a": ["x", "y"]})


def test_what_is_said_of_an_answer_is_short_and_shows_no_value() -> None:
    choices = a({"type": "string", "enum": ["x" * 900, "y"]})
    assert len(why_unfit(choices, {"a": "secret"})) == LONGEST_DETAIL
    assert "secret" not in why_unfit(choices, {"a": "secret"})
    closed = a({"type": "object", "properties": {"b": STRING}, "additionalProperties": False})
    said = why_unfit(closed, {"a": {f"na\nme{n}": 1 for n in range(1000)}})
    assert len(said) <= LONGEST_DETAIL and said.isprintable()
    assert "alternatives" in why_unfit(a({"type": "array", "anyOf": [{"minItems": 1}]}), {"a": []})


@pytest.mark.parametrize("depth", [250, 300, 1000])
def test_an_answer_that_is_nested_too_deeply_does_not_fit(depth: int) -> None:
    deep = '{"a":' + "[" * depth + "]" * depth + "}"
    for about in ({"type": "array"}, {"type": "array", "const": [[1]]}, STRING):
        try:
            of(a(about)).read(deep)
        except Unfitting:
            continue
        assert depth == 250


def slowest(schema: AnswerSchema, make: Any) -> tuple[str, float]:
    """Return the longest answer of a kind that is still checked, and the CPU seconds that it takes."""
    size, step = 0, 1 << 18
    while step:
        answer = make(size + step)
        try:
            schema.read(answer)
            size += step
        except Unfitting as error:
            size += step if "too long" not in str(error) else 0
        step //= 2
    answer, began = make(size), time.thread_time()
    with contextlib.suppress(Unfitting):
        schema.read(answer)
    return answer, time.thread_time() - began


def _letters(count: int) -> str:
    # Random letters, so that each position is a new state for the pattern.
    return bin(random.Random(1).getrandbits(count + 1))[2:].replace("0", "a").replace("1", "b")


@pytest.mark.parametrize(
    ("about", "make"),
    [
        ({"type": "string", "pattern": EVIL}, lambda n: json.dumps({"a": _letters(n)})),
        ({"type": "string", "pattern": "(a+)+$"}, lambda n: json.dumps({"a": "a" * n + "b"})),
        (
            {"type": "array", "items": {"allOf": [{"minimum": -n} for n in range(60)]}},
            lambda n: json.dumps({"a": [1] * n}, separators=(",", ":")),
        ),
        (
            {"type": "array", "anyOf": [{"items": {"minLength": n, "type": "string"}} for n in range(50)]},
            lambda n: json.dumps({"a": [1] * n}, separators=(",", ":")),
        ),
        (
            {"type": "array", "items": {"multipleOf": 1e-9}},
            lambda n: json.dumps({"a": [1e300] * min(n, 30_000)}),
        ),
        (
            {"type": "array", "uniqueItems": True},
            lambda n: json.dumps({"a": [[each] for each in range(min(n, 30_000))]}),
        ),
    ],
    ids=["pattern", "old evil pattern", "ranges", "alternatives", "multiples", "unique"],
)
def test_no_schema_and_answer_hold_the_worker_up(about: dict[str, Any], make: Any) -> None:
    answer, seconds = slowest(of(a(about)), make)
    assert len(answer) > 2000
    # Twice the bound, because a misfit is checked twice, and twice that for a slower machine.
    assert seconds < 4 * MOST_NANOS / 1e9


def test_a_long_text_is_checked() -> None:
    assert fits(SCHEMA, {"score": 1, "why": "long, and longer: " * 40_000, "tags": [], "good": True})


_LEAVES = st.sampled_from(
    [
        STRING,
        {"type": "integer", "minimum": 0},
        {"type": ["number", "null"]},
        {"type": "string", "enum": ["x", "y"]},
    ]
)
_NAMES = st.sampled_from(["a", "b", "c"])


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def made(found: dict[str, Any], required: list[str] | None) -> dict[str, Any]:
        wanted = {} if required is None else {"required": [each for each in required if each in found]}
        return {"type": "object", "properties": found} | wanted

    return st.builds(
        made, st.dictionaries(_NAMES, inner, min_size=1), st.none() | st.lists(_NAMES, unique=True)
    )


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    choices = st.lists(inner, min_size=1, max_size=3)
    lists = st.builds(lambda each: {"type": "array", "items": each}, inner)
    lists_of_choices = st.builds(lambda each: {"type": "array", "items": {"anyOf": each}}, choices)
    return _objects(inner) | lists | lists_of_choices


_SCHEMAS = _objects(st.recursive(_LEAVES, _containers, max_leaves=8))


def _levels(schema: Any) -> list[dict[str, Any]]:
    found = [schema] if isinstance(schema, dict) and "properties" in schema else []
    for each in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        found += _levels(each)
    return found


def _example(schema: dict[str, Any], *, nulls: bool) -> Any:
    """Return a value that the sent schema allows, with null wherever possible or nowhere."""
    if "anyOf" in schema:
        return _example(schema["anyOf"][-1 if nulls else 0], nulls=nulls)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if nulls and "null" in kinds:
        return None
    if "enum" in schema:
        return schema["enum"][0]
    if kinds[0] == "object":
        return {name: _example(each, nulls=nulls) for name, each in schema["properties"].items()}
    if kinds[0] == "array":
        return [_example(schema["items"], nulls=nulls)]
    return {"string": "x", "integer": 3, "number": 0.5, "null": None}[kinds[0]]


@given(_SCHEMAS, st.booleans())
def test_each_level_is_closed_and_what_the_sent_form_allows_fits(schema: dict[str, Any], nulls: bool) -> None:
    text = json.dumps(schema)
    found = AnswerSchema(text)
    assert found.is_strict
    for level in _levels(found.sent):
        assert (level["required"], level["additionalProperties"]) == (list(level["properties"]), False)
    found.read(json.dumps(_example(found.sent, nulls=nulls)))


def test_definitions_and_alternatives_are_closed_too() -> None:
    inner = {"type": "object", "properties": {"x": STRING}}
    schema = json.loads(a({"type": "array", "items": {"anyOf": [inner, {"$ref": "#/$defs/d"}]}}))
    sent = of(
        json.dumps(
            schema | {"$defs": {"d": inner}, "$schema": "https://json-schema.org/draft/2020-12/schema"}
        )
    ).sent
    closed = inner | {"required": ["x"], "additionalProperties": False}
    assert sent["properties"]["a"]["items"]["anyOf"] == [closed, {"$ref": "#/$defs/d"}]
    assert sent["$defs"] == {"d": closed}
    assert "$schema" not in sent


def test_what_is_optional_may_be_null_and_is_still_optional() -> None:
    inner = {
        "type": "object",
        "properties": {"x": STRING, "y": STRING, "z": {"$ref": "#/$defs/d", "description": "Zed"}},
        "required": ["x"],
    }
    schema = a(inner, **{"$defs": {"d": {"type": "integer"}}})
    sent = of(schema).sent["properties"]["a"]
    assert sent["properties"] == {
        "x": STRING,
        "y": {"type": ["string", "null"]},
        "z": {"anyOf": [{"anyOf": [{"$ref": "#/$defs/d"}], "description": "Zed"}, {"type": "null"}]},
    }
    assert sent["required"] == ["x", "y", "z"]
    for answer in ({"x": "1"}, {"x": "1", "y": None, "z": None}, {"x": "1", "y": "2", "z": 3}):
        assert fits(schema, {"a": answer})
    for misfit in ({"x": None}, {"y": "2"}, {"x": "1", "z": "3"}):
        assert not fits(schema, {"a": misfit})


@pytest.mark.parametrize(
    "about",
    [
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {"b": STRING}, "additionalProperties": True},
        {"type": "object", "properties": {"b": STRING}, "anyOf": [{"required": ["b"]}]},
        {"type": "object", "properties": {"b": {}}},
        {"type": "array"},
        {"type": "array", "items": STRING, "uniqueItems": True},
        {"type": "string", "minLength": 3},
        {"type": "string", "format": "uri"},
        {"type": "string", "oneOf": [{"const": "x"}]},
        {"type": "string", "enum": [str(n) for n in range(1001)]},
    ],
)
def test_what_the_strict_form_cannot_say_is_sent_as_it_is(about: dict[str, Any]) -> None:
    found = of(a(about))
    assert not found.is_strict
    assert found.sent["properties"] == {"a": about}
    assert (found.sent["required"], found.sent["additionalProperties"]) == (["a"], False)


def test_ten_objects_within_each_other_are_strict_and_no_more() -> None:
    for levels, expected in ((9, True), (10, False)):
        about: dict[str, Any] = STRING
        for _ in range(levels):
            about = {"type": "object", "properties": {"b": about}}
        assert of(a(about)).is_strict is expected


_KEYWORDS = [
    "type",
    "properties",
    "required",
    "items",
    "anyOf",
    "allOf",
    "enum",
    "const",
    "$ref",
    "$defs",
    "pattern",
]
_KEYWORDS += [
    "patternProperties",
    "additionalProperties",
    "multipleOf",
    "minimum",
    "format",
    "not",
    "contains",
    "if",
]
_KEYWORDS += [
    "prefixItems",
    "dependencies",
    "dependentSchemas",
    "uniqueItems",
    "propertyNames",
    "$schema",
    "$id",
]
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["a", "object", "array", "string", "#/properties/a", "#/$defs/a", "[", "a+", "date", "~"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*_KEYWORDS, "a"]), inner, max_size=4)
        | st.builds(lambda each: {"type": "object", "properties": {"a": each}}, inner)
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(_KEYWORDS), _VALUES, max_size=4), _VALUES)
def test_a_schema_is_taken_or_refused_and_an_answer_fits_or_not(
    about: dict[str, Any], answer: object
) -> None:
    text = a({"type": ["array", "string", "object"]} | about, **{"$defs": {"a": about}})
    with contextlib.suppress(SchemaInvalid, Unfitting):
        AnswerSchema(text).read(json.dumps({"a": answer}))
