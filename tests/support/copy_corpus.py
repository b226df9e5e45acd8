"""The corpus of copy and of answers in wrapping (`tests/unit/processor/answers/corpus`), read for tests.

Every other line of `copy.txt` and `wrapped.txt` was held out. The rules were written with only the rest in
view, and with the lines of `copy_seen.txt` and `wrapped_seen.txt`. Correct rules for a kind of line,
and never for one that is held out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.processor.answers.autofix import fix

FOLDER = Path(__file__).parents[1] / "unit" / "processor" / "answers" / "corpus"


@dataclass(frozen=True, slots=True)
class Line:
    """An answer, and what must be left of it."""

    language: str
    text: str
    left: str
    is_held: bool

    @property
    def is_wrapped(self) -> bool:
        """Whether anything must be taken off."""
        return self.text != self.left


@dataclass(frozen=True, slots=True)
class Figures:
    """How many answers were freed of exactly their wrapping, lost something else, or kept some wrapping."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """The share of changed answers that lost nothing but wrapping."""
        return self.right / (self.right + self.wrong)

    @property
    def recall(self) -> float:
        """The share of wrapped answers of which all wrapping is gone, and only that."""
        return self.right / (self.right + self.missed)


def lines(name: str) -> list[list[str]]:
    """Return the lines of a file of the corpus, cut into their fields, with real line breaks."""
    written = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line.replace("\\n", "\n").split(" | ") for line in written if not line.startswith("#")]


def corpus() -> list[Line]:
    """Return all lines."""
    return [*_copy(), *_wrapped()]


def measured(corpus: list[Line]) -> Figures:
    """Return what auto-fix does to some lines."""
    right = wrong = missed = 0
    for line in corpus:
        fixed = fix(line.text)
        if fixed.text == line.left:
            right += line.is_wrapped
        elif line.left in fixed.text:
            missed += 1
        else:
            wrong += 1
            missed += line.is_wrapped
    return Figures(right, wrong, missed)


def _copy() -> Iterator[Line]:
    for name in ("copy.txt", "copy_seen.txt"):
        for nth, (language, _, text) in enumerate(lines(name)):
            yield Line(language, text, text, is_held=name == "copy.txt" and nth % 2 == 1)


def _wrapped() -> Iterator[Line]:
    for name in ("wrapped.txt", "wrapped_seen.txt"):
        for nth, (language, text) in enumerate(lines(name)):
            before, _, rest = text.partition("⟦")
            left, _, after = rest.partition("⟧")
            yield Line(language, before + left + after, left, is_held=name == "wrapped.txt" and nth % 2 == 1)
