"""Auto-fix against the corpus: it takes nothing from copy, and nearly all wrapping."""

from pathlib import Path

import pytest

from services.processor.answers.autofix import fix
from tests.support.copy_corpus import Line, corpus, lines, measured

PAPER = Path(__file__).resolve().parents[4] / "docs" / "answers.md"
CORPUS = corpus()
LEAST_PRECISION, LEAST_RECALL = 0.99, 0.9
HALVES = {
    "in view": [line for line in CORPUS if not line.is_held],
    "held out": [line for line in CORPUS if line.is_held],
}


def test_the_corpus_is_as_large_and_as_mixed_as_it_is_said_to_be() -> None:
    assert len(CORPUS) >= 300
    assert len({line.text for line in CORPUS}) == len(CORPUS)
    wrapped = sum(line.is_wrapped for line in CORPUS)
    assert 0.4 < wrapped / len(CORPUS) < 0.6
    for kind in (True, False):
        found = [line.language for line in CORPUS if line.is_wrapped is kind]
        assert set(found) == {"en", "de", "fr", "es"}
        assert all(found.count(language) >= 15 for language in set(found))
    assert {category for _, category, _ in lines("copy.txt")} == {
        "outreach",
        "qualification",
        "value",
        "personal",
    }


@pytest.mark.parametrize("half", HALVES)
def test_precision_and_recall_are_high_in_both_halves(half: str) -> None:
    found = measured(HALVES[half])
    assert found.precision >= LEAST_PRECISION
    assert found.recall >= LEAST_RECALL


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_each_language_by_itself_keeps_its_copy(language: str) -> None:
    found = measured([line for line in CORPUS if line.language == language])
    assert found.wrong == 0
    assert found.recall >= LEAST_RECALL


@pytest.mark.parametrize(
    "line", [line for line in CORPUS if not line.is_wrapped], ids=lambda line: line.text[:30]
)
def test_copy_comes_out_byte_for_byte(line: Line) -> None:
    fixed = fix(line.text)
    assert (fixed.text, fixed.found) == (line.text, frozenset())


def test_the_figures_are_those_of_the_paper() -> None:
    paper = PAPER.read_text(encoding="utf-8")
    for half, chosen in HALVES.items():
        found = measured(chosen)
        wrapped = sum(line.is_wrapped for line in chosen)
        row = (
            f"| {half} | {len(chosen) - wrapped} | {wrapped} | {found.wrong} | {found.right} "
            f"| {found.precision:.3f} | {found.recall:.3f} |"
        )
        assert row in paper, row
