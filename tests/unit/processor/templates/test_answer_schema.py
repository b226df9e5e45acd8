"""JSON schemas that templates may name, and the columns that come of answers."""

import pytest

from services.processor.templates.schema import SchemaInvalid, check, properties, strict, values

SCHEMA = (
    '{"type":"object","properties":{"score":{"type":"integer"},"why":{"type":["string","null"]},'
    '"tags":{"type":"array","items":{"type":"string"}},"good":{"type":"boolean"}}}'
)


def test_a_schema_of_an_object_makes_a_column_of_each_property() -> None:
    check(SCHEMA)
    assert properties(SCHEMA) == ("score", "why", "tags", "good")
    made = strict(SCHEMA)
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
    ],
)
def test_what_is_no_such_schema_is_refused(text: str, why: str) -> None:
    with pytest.raises(SchemaInvalid, match=why):
        check(text)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"score":7,"why":"big","tags":["a","b"],"good":true}', ("7", "big", '["a","b"]', "true")),
        ('{"good":false,"tags":[],"why":null,"score":0,"more":1}', ("0", "", "[]", "false")),
        ('```json\n{"score":7,"why":"","tags":[],"good":true}\n```', ("7", "", "[]", "true")),
        ('{"score":"7","why":"","tags":[],"good":true}', None),
        ('{"score":true,"why":"","tags":[],"good":true}', None),
        ('{"score":7,"why":"","tags":[]}', None),
        ('{"score":7,"why":"a\\u0000","tags":[],"good":true}', None),
        ("[1]", None),
        ("seven", None),
    ],
)
def test_an_answer_fits_or_it_is_none(answer: str, expected: tuple[str, ...] | None) -> None:
    assert values(SCHEMA, answer) == expected
