"""What a prompt's owner is warned of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.processor.templates.errors import TemplateInvalid
from services.processor.templates.prompt import Variable, parse_prompt
from services.processor.templates.warnings import warnings_of


@pytest.mark.parametrize(
    ("prompt", "meant"),
    [
        ("Summarise {text}", "{{text}}"),
        ("Write to {First Name} of {Company}", "{{First Name}}, {{Company}}"),
        ("Gr\u00fc\u00dfe {Stra\u00dfe}", "{{Stra\u00dfe}}"),
        ("{a} {b} {c} {d} {a}", "{{a}}, {{b}}, {{c}}"),
        ("From {{$Sender}} to {Name}", "{{Name}}"),
    ],
)
def test_a_prompt_with_names_in_single_braces_alone_is_told(prompt: str, meant: str) -> None:
    (warning,) = warnings_of(prompt)
    assert warning.endswith(f"write {meant}")


@pytest.mark.parametrize(
    "prompt",
    [
        'Answer with {"score": 1}',
        'Answer with { "score": 1 }',
        "Write something",
        "Write something about {{$Product}}",
        "{} {1} {\n}",
        "\\{{text}}",
        " {" * 10_000 + "a" * 10_000,
    ],
)
def test_a_prompt_that_names_no_column_is_told_how_to_name_one(prompt: str) -> None:
    (warning,) = warnings_of(prompt)
    assert warning.startswith("The prompt names no column, so every row sends the same. To put in a cell")


@pytest.mark.parametrize("prompt", ["Summarise {{text}} as {style}", "{{a", "{{ }}", "{{$Us}} {{them}}"])
def test_other_prompts_are_not(prompt: str) -> None:
    assert warnings_of(prompt) == []


@given(st.text(alphabet="{}\\$ \nab", max_size=24))
def test_a_prompt_is_warned_of_just_if_the_parser_finds_no_column(prompt: str) -> None:
    try:
        parts = parse_prompt(prompt)
    except TemplateInvalid:
        return
    named = any(isinstance(part, Variable) and not part.is_custom for part in parts)
    assert bool(warnings_of(prompt)) is not named
