"""What a prompt's owner is warned of."""

import pytest

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
