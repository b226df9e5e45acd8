"""A file's profile: each column's likely type, and its filled, malformed and duplicate cells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import filterfalse
from types import TracebackType
from typing import Self

from services.files.profiling.column_types import ColumnType, Guess, guess
from services.files.profiling.distinct import Distinct
from services.files.profiling.value_kinds import PLACEHOLDERS, ValueKind, ValueKinds
from services.files.profiling.well_formed import FORMS, LINES

_SAMPLES = 3
#: The characters of a sample that are shown; cells longer than _LONGEST_SAMPLE are not used as samples.
_SAMPLE_LENGTH = 100
_LONGEST_SAMPLE = 4000
_SEARCHED = 10_000
#: Duplicates are counted in at most this many columns, each with 1 MiB of codes in memory. More columns or
#: codes take more memory for each upload; fewer codes spill to the disk more often.
MOST_COUNTED = 8
_CODES_IN_MEMORY = 2**17
_COUNTED = (ColumnType.EMAIL, ColumnType.COMPANY_NAME, ColumnType.PHONE, ColumnType.LINKEDIN_URL)


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column; a count that does not apply is None.

    Cells count as filled if they hold more than white space, and no placeholder such as `#N/A`.
    """

    name: str
    guess: Guess | None
    samples: tuple[str, ...]
    filled: int
    malformed: int | None
    duplicates: int | None
    #: Cells that hold a placeholder.
    placeholders: int = 0
    value_kind: ValueKind | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """All columns in the order of the file, and how many rows have no filled cell."""

    row_count: int
    empty_rows: int
    columns: tuple[ColumnProfile, ...]


class Profiler:
    """Observes the cells of a file as they pass, in memory that does not grow with the file."""

    def __init__(self, header: Sequence[str]) -> None:
        guesses = [guess(name) for name in header]
        counted = [place for place, found in enumerate(guesses) if found and found.type in _COUNTED]
        counted = counted[:MOST_COUNTED]
        self._columns = [
            _Column(name, found, Distinct(most_in_memory=_CODES_IN_MEMORY) if place in counted else None)
            for place, (name, found) in enumerate(zip(header, guesses, strict=True))
        ]
        self._empty_rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for column in self._columns:
            column.close()

    def observe_rows(self, columns: Sequence[Sequence[str]]) -> None:
        """Observe some rows, given by column."""
        blanks = [column.observe_cells(cells) for column, cells in zip(self._columns, columns, strict=True)]
        fewest = min(blanks)
        if fewest:
            self._empty_rows += _empty_rows(columns, columns[blanks.index(fewest)])

    def result(self, text: Callable[[str], str], *, row_count: int) -> Profile:
        """Return the profile; `text` gives the real text of a cell."""
        return Profile(row_count, self._empty_rows, tuple(column.result(text) for column in self._columns))


class _Column:
    def __init__(self, name: str, found: Guess | None, distinct: Distinct | None) -> None:
        self._name = name
        self._guess = found
        form = FORMS.get(found.type) if found else None
        self._form = form.fullmatch if form else None
        self._lines = LINES.get(form) if form else None
        self._distinct = distinct
        self._samples: list[str] = []
        self._seen = 0
        self._filled = 0
        self._malformed = 0
        self._placeholders = 0
        self._kinds = ValueKinds()

    def observe_cells(self, cells: Sequence[str]) -> int:
        """Observe some cells; return how many are blank."""
        good = self._lines is not None and self._are_well_formed(cells, self._lines)
        blank = 0 if good else cells.count("") + sum(map(str.isascii, filter(str.isspace, cells)))
        count = len(cells)
        if not good and not PLACEHOLDERS.isdisjoint(cells):
            cells = [cell for cell in cells if cell not in PLACEHOLDERS]
            self._placeholders += count - len(cells)
        self._filled += len(cells) - blank
        if blank == len(cells):
            return blank
        if blank and (self._form or self._distinct or self._looks_for_samples() or self._kinds.looks):
            cells = list(filterfalse(is_blank, cells))
        if self._kinds.looks:
            self._kinds.look_at(cells)
        if self._looks_for_samples():
            self._sample(cells)
        if self._form and not good:
            self._malformed += _malformed(cells, self._form)
        if self._distinct:
            self._distinct.add(cells)
        return blank

    def _are_well_formed(self, cells: Sequence[str], lines: Callable[[str], object]) -> bool:
        """Check all cells at once: mostly all are well formed, and seeing that takes half the time."""
        text = "\n".join([*cells, ""])
        return text.count("\n") == len(cells) and lines(text) is not None

    def result(self, text: Callable[[str], str]) -> ColumnProfile:
        return ColumnProfile(
            name=text(self._name),
            guess=self._guess,
            samples=tuple(text(sample)[:_SAMPLE_LENGTH] for sample in self._samples),
            filled=self._filled,
            malformed=self._malformed if self._form else None,
            duplicates=self._filled - self._distinct.count() if self._distinct else None,
            placeholders=self._placeholders,
            value_kind=self._kinds.result(),
        )

    def close(self) -> None:
        if self._distinct:
            self._distinct.close()

    def _looks_for_samples(self) -> bool:
        return len(self._samples) < _SAMPLES and self._seen < _SEARCHED

    def _sample(self, cells: Sequence[str]) -> None:
        # The search ends early in a column with few distinct values.
        self._seen += len(cells)
        for cell in dict.fromkeys(cells[:_SEARCHED]):
            if len(cell) <= _LONGEST_SAMPLE and cell not in self._samples:
                self._samples.append(cell)
                if len(self._samples) == _SAMPLES:
                    return


def is_blank(cell: str) -> bool:
    """Tell whether a cell holds nothing but white space."""
    # A byte beyond ASCII that is white space in Latin-1 is another character in other encodings.
    return not cell or (cell.isspace() and cell.isascii())


def _malformed(cells: Sequence[str], form: Callable[[str], object]) -> int:
    return sum(1 for cell in filterfalse(form, cells) if not form(cell.strip()))


def _empty_rows(columns: Sequence[Sequence[str]], emptiest: Sequence[str]) -> int:
    """Return how many rows are blank in every column; `emptiest` is the column with fewest blank cells."""
    places = [place for place, cell in enumerate(emptiest) if is_blank(cell)]
    return sum(1 for place in places if all(is_blank(cells[place]) for cells in columns))
