"""Numbers keep all their digits, and moments are written as the sheet shows them."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.files.errors import FileMalformed, FileWorkbookInvalid
from services.files.workbooks.number_format import BUILTIN, shown
from services.files.workbooks.values import number_text, shown_text, unescaped


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("7", "7"),
        ("7.0", "7"),
        ("007", "7"),
        ("-0", "0"),
        ("0.10", "0.1"),
        ("-5", "-5"),
        ("+5", "5"),
        (" 5 ", "5"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("1.2345678901234567E+19", "12345678901234567000"),
        ("19.989999999999998", "19.99"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("1E-7", "0.0000001"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("1e300", "1E+300"),
        ("1e999", "1E+999"),
        (".5", "0.5"),
        ("5.", "5"),
        ("", ""),
    ],
)
def test_a_number_keeps_its_digits(stored: str, text: str) -> None:
    assert number_text(stored) == text


@pytest.mark.parametrize("stored", ["one", "1,5", "0x10", "nan", "inf", "1 2", "1e99999", "9" * 401, "--1"])
def test_what_is_no_number_is_refused(stored: str) -> None:
    with pytest.raises(FileWorkbookInvalid):
        number_text(stored)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_comes_back(number: float) -> None:
    for stored in (repr(number), f"{number:.17G}"):
        assert float(number_text(stored)) == number


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_every_amount_comes_back(amount: Decimal) -> None:
    assert Decimal(number_text(f"{amount:f}")) == amount


@pytest.mark.parametrize(
    ("stored", "code", "text"),
    [
        ("45351", "yyyy-mm-dd", "2024-02-29"),
        ("45351.9", "dd/mm/yy", "2024-02-29"),
        ("45351.545214", "yyyy-mm-dd hh:mm:ss", "2024-02-29T13:05:06"),
        ("45351.545214", "d.m.yyyy h:mm", "2024-02-29T13:05"),
        ("45351", "m/d/yy h:mm", "2024-02-29T00:00"),
        ("45351.54521415509", "hh:mm:ss.000", "13:05:06.503"),
        ("0.5", "h:mm AM/PM", "12:00"),
        ("0.54166666666666663", "h:mm", "13:00"),
        ("1.5", "[h]:mm:ss", "36:00:00"),
        ("0.5", "[mm]:ss", "12:00:00"),
        ("45351", "mmm-yy", "2024-02-29"),
        ("45351", "[$-407]d. mmmm yyyy;@", "2024-02-29"),
        ("45351", "[Red]&quot;due&quot; yyyy", "2024-02-29"),
        ("59", "yyyy-mm-dd", "1900-02-28"),
        ("60", "yyyy-mm-dd", "1900-02-29"),
        ("61", "yyyy-mm-dd", "1900-03-01"),
        ("2958465", "yyyy-mm-dd", "9999-12-31"),
        ("2958466", "yyyy-mm-dd", "2958466"),
        ("-1", "yyyy-mm-dd", "-1"),
        ("1e300", "yyyy-mm-dd", "1E+300"),
        ("45350.999999999", "yyyy-mm-dd", "2024-02-29"),
        ("7", "00000", "00007"),
        ("123456", "00000", "123456"),
        ("21391234", "00000\\-0000", "02139-1234"),
        ("-7", "00000", "-7"),
        ("7.5", "00000", "7.5"),
    ],
)
def test_a_number_is_written_as_its_format_shows_it(stored: str, code: str, text: str) -> None:
    form = shown(code.replace("&quot;", '"'))
    assert form is not None
    assert shown_text(stored, form, from_1904=False) == text


@pytest.mark.parametrize(
    "code",
    [
        "General",
        "0",
        "0.00",
        "#,##0.00",
        "0%",
        "0.00E+00",
        '0 "days"',
        "[Red]-0",
        '#,##0.00\\ "€"',
        "@",
        "# ?/?",
        "",
    ],
)
def test_other_formats_change_only_looks(code: str) -> None:
    assert shown(code) is None


def test_days_can_be_counted_from_1904() -> None:
    form = shown("yyyy-mm-dd")
    assert form is not None
    assert shown_text("0", form, from_1904=True) == "1904-01-01"
    assert shown_text("43889", form, from_1904=True) == "2024-02-29"


def test_the_formats_without_a_code_are_known() -> None:
    assert {number for number, code in BUILTIN.items() if shown(code) is None} == set()


@given(st.text(max_size=40))
def test_any_code_is_understood_or_left_alone(code: str) -> None:
    form = shown(code)
    if form is not None:
        assert shown_text("45351.25", form, from_1904=False)


@given(st.floats(min_value=61, max_value=2_958_465, allow_nan=False))
def test_a_day_is_within_a_second_of_the_number(number: float) -> None:
    form = shown("yyyy-mm-dd hh:mm:ss.000")
    assert form is not None
    text = shown_text(repr(number), form, from_1904=False)
    clock = text.partition("T")[2].split(":")
    seconds = int(clock[0]) * 3600 + int(clock[1]) * 60 + float(clock[2])
    assert math.isclose(seconds, number % 1 * 86400, abs_tol=0.01) or seconds in (0, 86400)


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("_x0041_", "A"),
        ("_x005F_x0041_", "_x0041_"),
        ("a_x000D_\nb", "a\r\nb"),
        ("_xD83D__xDE00_", "😀"),
        ("_xD83D_", "_xD83D_"),
        ("_x0001_", "\x01"),
        ("_x41_", "_x41_"),
    ],
)
def test_escapes_of_workbooks_are_resolved(stored: str, text: str) -> None:
    assert unescaped(stored) == text


def test_a_nul_is_refused() -> None:
    with pytest.raises(FileMalformed):
        unescaped("a_x0000_b")
