"""Flags against a corpus: answers that have them and answers that nearly do, half of them held out."""

from pathlib import Path

import pytest

from services.processor.answers import flags
from services.processor.answers.checks import AnswerChecks
from services.processor.jobs.plan import Snapshot, Step
from services.processor.templates.prompt_settings import PromptSettings
from tests.support.copy_corpus import corpus, lines

PAPER = Path(__file__).resolve().parents[4] / "docs" / "answers.md"
FLAGS = ("has_ai_speak", "has_placeholder", "has_cliche")
LINES = lines("flags.txt")
HALVES = {"in view": LINES[::2], "held out": LINES[1::2]}


def _flags(text: str) -> tuple[str, ...]:
    step = Step("templates/t", PromptSettings("Write a hook", "Out"))
    (prompt,) = Snapshot((), (step,), "").prompts()
    return flags.names(AnswerChecks(step.settings, prompt).check([text], [])[1])


def _measured(flag: str, chosen: list[list[str]]) -> tuple[int, int, int]:
    """Return how many answers were flagged rightly, how many wrongly, and how many were missed."""
    found = [(has == "yes", flag in _flags(text)) for name, has, text in chosen if name == flag]
    return found.count((True, True)), found.count((False, True)), found.count((True, False))


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("flag", FLAGS)
def test_flags_are_right_and_miss_little(flag: str, half: str) -> None:
    right, wrong, missed = _measured(flag, HALVES[half])
    assert right / (right + wrong) >= 0.99
    assert right / (right + missed) >= 0.9


@pytest.mark.parametrize("flag", FLAGS)
def test_copy_has_no_such_flag(flag: str) -> None:
    assert [line.text for line in corpus() if not line.is_wrapped and flag in _flags(line.text)] == []


def test_the_figures_are_those_of_the_paper() -> None:
    paper = PAPER.read_text(encoding="utf-8")
    for flag in FLAGS:
        cells = []
        for chosen in HALVES.values():
            right, wrong, missed = _measured(flag, chosen)
            cells.append(f"{right} of {right + missed}, {wrong} wrong")
        row = f"| `{flag}` | {' | '.join(cells)} |"
        assert row in paper, row
