"""Generic answers: those that have nothing of the values which their prompt was filled with."""

import pytest

from services.processor.answers import flags
from services.processor.answers.checks import AnswerChecks
from services.processor.jobs.plan import Snapshot, Step
from services.processor.templates.prompt_settings import PromptSettings

SCORE = '{"type":"object","properties":{"fit":{"enum":["yes","no"]},"score":{"type":"integer"}}}'
REASON = '{"type":"object","properties":{"fit":{"enum":["yes","no"]},"reason":{"type":"string"}}}'
SHARED = (
    '{"type":"object","properties":{"fit":{"$ref":"#/$defs/fit"}},'
    '"$defs":{"fit":{"type":"string","enum":["yes","no"]}}}'
)


def flagged(text: str, *values: str, **settings: object) -> set[str]:
    columns = tuple(f"C{nth}" for nth in range(len(values)))
    prompt = " ".join(f"{{{{{name}}}}}" for name in columns)
    step = Step("templates/t", PromptSettings(prompt, "Out", **settings))  # type: ignore[arg-type]
    (bound,) = Snapshot(columns, (step,), "").prompts()
    count = len(step.settings.columns)
    return set(flags.names(AnswerChecks(step.settings, bound).check([text] * count, values)[1]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Analytical Engines Ltd.", "Analytical Engines closes in three days."),
        ("Analytical Engines", "Analytical closes in three days."),
        ("Ada Lovelace", "Ada, who counts the cards at night?"),
        ("Ada Lovelace", "Dear Ms. Lovelace, who counts the cards?"),
        ("Ada", "Adas Karten liegen seit Mai in Leipzig."),
        ("Acme GmbH & Co. KG", "Acme closes in three days, and so on."),
        ("https://www.hopperlabs.com/", "Hopperlabs closes in three days."),
        ("ada@hopper.example", "At Hopper, months end on day three."),
        ("Head of Sales", "Your sales calls end at five, always."),
        ("Zoe\u0301", "Zoé, who counts the cards at night?"),
        ("O’Neill", "Mr O'Neill, who counts the cards?"),
        ("Jean‑Luc", "Jean-Luc, who counts the cards?"),
        ("IT", "An IT team of four, and no ledger."),
        (
            "Built a compiler in 1952 and taught a generation to write programs in words",
            "Your compiler paper!",
        ),
    ],
)
def test_a_part_of_a_value_is_enough(value: str, text: str) -> None:
    assert "generic" not in flagged(text, value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("IT", "Is it really the end of the month?"),
        ("US", "Let us talk about the end of the month."),
        ("Global Services Group", "Our global services are for any group."),
        ("The Office", "Here is the end of the month for you."),
        ("Ada", "Canada is a large and cold country."),
        ("Likes to work with people who are new to the trade", "Who are the people with the ledger?"),
    ],
)
def test_words_of_any_text_are_not(value: str, text: str) -> None:
    assert "generic" in flagged(text, value)


def test_a_template_whose_answer_is_a_choice_has_no_short_and_no_generic_answers() -> None:
    assert flagged("Champion", "Ada") == {"too_short", "generic"}
    assert flagged("Champion", "Ada", is_choice=True) == set()


@pytest.mark.parametrize(("schema", "generic"), [(SCORE, False), (SHARED, False), (REASON, True)])
def test_a_schema_of_choices_has_no_generic_answers(schema: str, generic: bool) -> None:
    assert flagged("yes", "Ada", json_schema=schema) == ({"generic"} if generic else set())


def test_wrapping_stays_where_auto_fix_is_off() -> None:
    step = Step("templates/t", PromptSettings("Hi", "Out", auto_fix_off=True))
    (bound,) = Snapshot((), (step,), "").prompts()
    answer = 'Sure! Here\'s a hook:\n\n"Who counts the cards?"'
    assert AnswerChecks(step.settings, bound).check([answer], []) == ((answer,), 0)
