"""What cells look like, so that nobody is surprised by what a spreadsheet made or will make of them."""

import pytest

from services.files.profiling.form import dump, load
from services.files.profiling.profile import ColumnProfile
from services.files.profiling.value_kinds import ValueKind
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits, parse

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=1 << 20)


def column(*cells: str, name: str = "x") -> ColumnProfile:
    content = "".join(f"{cell};.\n" for cell in (name, *cells)).replace(f"{name};.", f"{name};y", 1)
    profile = parse([content.encode()], LIMITS, RequestedFormat(delimiter=";")).profile
    assert load(dump(profile)) == profile
    return profile.columns[0]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (
            ["1", "22", "-3", "+4.5", "1,5", "1,234.50", "1.234,50", "1 234", "12%", "$5", "0", "0.5"],
            "NUMBER",
        ),
        (["1.23457E+17", "12345678901234567"], "NUMBER"),
        (["0012345", "12345", "99999"], "IDENTIFIER"),
        (["01", "02"], "IDENTIFIER"),
        (["2026-01-02", "2026-01-02 00:00:00", "2026-01-02T10:00:00.5Z", "2026/1/2"], "DATE"),
        (["1.2.2026", "01/02/26", "31-12-2026 10:30 PM", "01 Jan 2026", "Jan 1, 2026"], "DATE"),
        (["+49 30 901820", "030/12-34"], None),
        (["1", "two", "3"], None),
        (["Ada", "Bo"], None),
        (["1.2.3", "10.0.0.1"], None),
        (["1-2", "12:30", "1e", "e5", "--1", "$", "%"], None),
        (["", "  "], None),
        (["2026-01/02", "2026-1", "1.2.2"], None),
    ],
)
def test_kinds_of_values_are_told(cells: list[str], kind: str | None) -> None:
    assert column(*cells).value_kind == (ValueKind[kind] if kind else None)


def test_a_few_others_do_not_make_a_column_of_text() -> None:
    assert column(*["5"] * 19, "-").value_kind is ValueKind.NUMBER
    assert column(*["5"] * 8, "-").value_kind is None


def test_only_the_first_filled_cells_decide() -> None:
    assert column(*[""] * 600, *["5"] * 500, *["x"] * 900).value_kind is ValueKind.NUMBER


def test_errors_of_spreadsheets_and_other_placeholders_are_not_filled() -> None:
    found = column("#N/A", "#REF!", "NULL", "nan", "0012345", "1.23457E+17", "", "2026-01-02")
    assert (found.placeholders, found.filled) == (4, 3)
    assert found.samples == ("0012345", "1.23457E+17", "2026-01-02")


def test_words_that_may_be_values_are_filled() -> None:
    found = column("NA", "n/a", "None", "-", "Null", "Nan", "#1", "#N/A today")
    assert (found.placeholders, found.filled) == (0, 8)


def test_placeholders_are_neither_malformed_nor_repeated() -> None:
    found = column("#N/A", "#N/A", "a@b.co", "", name="Email")
    assert (found.placeholders, found.filled, found.malformed, found.duplicates) == (2, 1, 0, 0)


def test_a_long_cell_is_not_searched() -> None:
    assert column("1" * 100_000).value_kind is None


def test_a_profile_of_an_earlier_release_can_be_read() -> None:
    old = (
        b'{"row_count":1,"empty_rows":0,"columns":[{"name":"x","guess":null,"samples":["1"],"filled":1,'
        b'"malformed":null,"duplicates":null}]}'
    )
    (found,) = load(old).columns
    assert (found.placeholders, found.value_kind) == (0, None)
