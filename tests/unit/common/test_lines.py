"""Texts of one line: which names and labels are taken, wherever a person gives one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.common.errors import DomainError, InvalidRequest
from services.common.lines import check_line, is_line
from services.processor.templates.template import TemplateFields, check
from services.processor.templates.variables import check_key
from tests.unit.processor.templates.test_templates import FIELDS

BREAKING = [*map(chr, range(32)), *map(chr, range(127, 160)), "\u2028", "\u2029"]
MISLEADING = [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]


@pytest.mark.parametrize("wrong", BREAKING + MISLEADING)
def test_a_control_character_is_refused_at_every_place(wrong: str) -> None:
    for text in (wrong, f"{wrong}name", f"name{wrong}", f"na{wrong}me", f"name {wrong} "):
        assert not is_line(text)
        with pytest.raises(InvalidRequest) as refused:
            check_line(text, "label")
        assert refused.value.violations == (("label", "must be one line without control characters"),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        " a name ",
        "größe",
        "👩\u200d💻",
        "नाम\u200dक",
        "שם\u200f",
        "a\u00a0b",
        "a\u3000b",
        "日本語",
    ],
)
def test_what_people_write_is_taken(text: str) -> None:
    assert check_line(text, "label") == text


def renamed(field: str, text: str) -> TemplateFields:
    change: dict[str, Any] = {field: (text,) if field in ("forbidden_words", "reference_columns") else text}
    if field in ("display_name", "category"):
        return replace(FIELDS, **change)
    return replace(FIELDS, settings=replace(FIELDS.settings, **change))


@pytest.mark.parametrize("wrong", ["\r\n", "\x00", "\x7f", "\x85", "\u2028", "\u202e"])
@pytest.mark.parametrize(
    "take",
    [
        *(
            lambda text, field=field: check(renamed(field, text))
            for field in (
                "display_name",
                "category",
                "output_column",
                "model",
                "forbidden_words",
                "reference_columns",
            )
        ),
        check_key,
    ],
)
def test_no_name_is_trimmed_and_taken(take: Callable[[str], object], wrong: str) -> None:
    take("name")
    for text in (f"name{wrong}", f"{wrong}name"):
        with pytest.raises(DomainError):
            take(text)
