"""A file's quality score: 100 minus points for what is missing or malformed."""

from dataclasses import dataclass

from services.files.profiling.column_types import ColumnType
from services.files.profiling.profile import ColumnProfile, Profile

_EMPTY_ROWS = 20
_INCOMPLETE = 30
_MALFORMED = 30
_MISSING = 20
#: A column with a smaller share of filled cells counts twice.
_SPARSE = 0.5
_BANDS = ((80, "Excellent"), (60, "Good"), (40, "Fair"))
_WORST = "Poor"
#: What outreach needs to address a person: one column of each set is enough.
_CRITICAL = (
    frozenset({ColumnType.FIRST_NAME, ColumnType.LAST_NAME, ColumnType.FULL_NAME}),
    frozenset({ColumnType.EMAIL}),
    frozenset({ColumnType.COMPANY_NAME}),
)


@dataclass(frozen=True, slots=True)
class Quality:
    """A score from 0 to 100, its band, and the points that were taken off for each cause."""

    score: int
    band: str
    empty_rows: float
    incomplete_columns: float
    malformed_cells: float
    missing_columns: float


def quality(profile: Profile) -> Quality:
    """Return the score of a profile."""
    empty_rows = _EMPTY_ROWS * profile.empty_rows / profile.row_count
    incomplete = _INCOMPLETE * _emptiness(profile)
    malformed = _MALFORMED * _malformed(profile.columns)
    types = {column.guess.type for column in profile.columns if column.guess}
    missing = _MISSING * sum(1 for wanted in _CRITICAL if not wanted & types) / len(_CRITICAL)
    score = round(100 - empty_rows - incomplete - malformed - missing)
    return Quality(score, band_of(score), empty_rows, incomplete, malformed, missing)


def band_of(score: int) -> str:
    """Return the name of a score's band."""
    return next((name for least, name in _BANDS if score >= least), _WORST)


def completeness(column: ColumnProfile, row_count: int) -> float:
    """Return the share of a column's cells that are filled."""
    return column.filled / row_count


def _emptiness(profile: Profile) -> float:
    """Return the average emptiness of the columns; sparse columns count twice."""
    shares = [completeness(column, profile.row_count) for column in profile.columns]
    weights = [2 if share < _SPARSE else 1 for share in shares]
    empty = sum(weight * (1 - share) for weight, share in zip(weights, shares, strict=True))
    return empty / sum(weights)


def _malformed(columns: tuple[ColumnProfile, ...]) -> float:
    """Return the share of malformed cells among the filled cells of columns that have a form."""
    formed = [column for column in columns if column.malformed is not None]
    filled = sum(column.filled for column in formed)
    return sum(column.malformed or 0 for column in formed) / filled if filled else 0.0
