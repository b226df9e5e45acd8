"""Which object an answer means, and how its numbers are shown."""

import json

import pytest

from services.processor.templates import schema
from services.processor.templates.schema import Unfitting

SCHEMA = json.dumps({"type": "object", "properties": {"score": {"type": "integer"}}})
MIXED = json.dumps({"type": "object", "properties": {"a": {"type": ["number", "string", "null"]}}})
LISTS = json.dumps({"type": "object", "properties": {"a": {"type": "array", "items": {}}}})


def read(answer: str, of: str = SCHEMA) -> tuple[str, ...]:
    return schema.of(of).read(answer)


@pytest.mark.parametrize(
    "answer",
    [
        '{"score": 7}',
        '```json\n{"score": 7}\n```',
        'Here is the JSON:\n```json\n{"score": 7}\n```',
        'Sure! {"score": 7}',
        '{"score": 7}\n\nLet me know if you need anything else.',
        'I chose {it} because of "this {thing}": {"score": 7}.',
        'He said "hm {. {"score": 7}',
        'First {"thoughts": {"score": "high"}}, so {"score": 7}',
        '{"score": 7} and again {"score": 7}',
        '[{"score": 7}]',
        json.dumps('{"score": 7}'),
        '\ufeff {"score": 7}',
    ],
)
def test_the_one_object_that_can_be_meant_is_read(answer: str) -> None:
    assert read(answer) == ("7",)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("I cannot tell", "it is not JSON"),
        ('{"score": 7', "it is not JSON"),
        ('Either {"score": 7} or {"score": 8}', "it has several objects that fit"),
        ('Sure! {"score": "seven"}', "score: "),
        ('[{"score": 7}, {"score": 7}]', "it is not an object"),
        ("Sure! [7]", "it is not JSON"),
        ("{" * 10 + '{"score": 7}', "it is not JSON"),
        ('{"a": 1} ' * 20 + '{"score": 7}', "score is missing"),
    ],
)
def test_what_may_mean_several_things_or_nothing_is_refused(answer: str, why: str) -> None:
    with pytest.raises(Unfitting) as refused:
        read(answer)
    assert str(refused.value).startswith(why)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("7", "7"),
        ("7.0", "7.0"),
        ("1.10", "1.10"),
        ("-0", "-0"),
        ("1e5", "1e5"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("0.1234567890123456789", "0.1234567890123456789"),
        ('"1.10"', "1.10"),
        ("null", ""),
    ],
)
def test_numbers_are_shown_as_they_were_written(number: str, shown: str) -> None:
    assert read(f'{{"a": {number}}}', MIXED) == (shown,)


def test_whole_numbers_with_a_point_are_integers() -> None:
    assert read('{"score": 7.0}') == ("7.0",)
    with pytest.raises(Unfitting):
        read('{"score": 7.5}')


def test_numbers_in_lists_are_shown_as_they_were_written_too() -> None:
    answer = '{"a": [1.10, {"b": 2.00, "é": "1.50 \\"x\\""}, null, true]}'
    assert read(answer, LISTS) == ('[1.10,{"b":2.00,"é":"1.50 \\"x\\""},null,true]',)


def test_a_number_of_ten_thousand_digits_is_refused() -> None:
    with pytest.raises(Unfitting):
        read('{"a": ' + "9" * 10_000 + "}", MIXED)
