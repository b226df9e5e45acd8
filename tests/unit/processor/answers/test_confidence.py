"""Confidence is the share of filled cells among those that count."""

import pytest

from services.processor.jobs.confidence import confidence, used_columns
from services.processor.jobs.plan import Snapshot, Step
from services.processor.templates.errors import UnknownVariable
from services.processor.templates.prompt_settings import PromptSettings

COLUMNS = ("Name", "Company", "City")


def step(prompt: str, output: str, *references: str) -> Step:
    return Step(f"templates/{output}", PromptSettings(prompt, output, reference_columns=references))


def _used(snapshot: Snapshot) -> tuple[int, ...]:
    return used_columns(snapshot, snapshot.prompts())


@pytest.mark.parametrize(
    ("cells", "used", "expected"),
    [
        (["Ada", "Acme", ""], (0, 1), 100),
        (["Ada", "", ""], (0, 1), 50),
        (["Ada", " \t", "x"], (0, 1, 2), 67),
        (["", "", "x"], (0, 1, 2), 33),
        (["", "", ""], (0,), 0),
        (["", "", ""], (), 100),
        (["x"] + [""] * 7, tuple(range(8)), 13),
    ],
)
def test_confidence_is_the_share_of_filled_cells(
    cells: list[str], used: tuple[int, ...], expected: int
) -> None:
    assert confidence(cells, used) == expected


def test_the_columns_of_all_templates_count_once() -> None:
    steps = (step("{{Name}} {{name}}", "A"), step("{{Company}} {{A}} {{Name}}", "B"))
    assert _used(Snapshot(COLUMNS, steps, "")) == (0, 1)


def test_reference_columns_count_instead_of_those_of_their_template() -> None:
    steps = (step("{{Name}}", "A", "city"), step("{{Company}}", "B"))
    assert _used(Snapshot(COLUMNS, steps, "")) == (1, 2)


def test_an_unknown_reference_column_is_named() -> None:
    with pytest.raises(UnknownVariable) as refused:
        _used(Snapshot(COLUMNS, (step("hi", "A", "Town"),), ""))
    named = {"variable": "Town", "template": "templates/A", "columns": "Name, Company, City"}
    assert refused.value.metadata == named
