"""The text of a cell's value: numbers with all their digits, moments in ISO 8601 as far as they are shown."""

import re
from datetime import date, timedelta
from decimal import Decimal

from services.files.errors import FileMalformed, FileWorkbookInvalid
from services.files.workbooks.number_format import Shown

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_WHOLE = re.compile(r"(-?)0*([0-9]+)")
_LONGEST_NUMBER = 400
#: A double has 17 significant digits at most; a number with more was not written by a spreadsheet.
_DOUBLE_DIGITS = 17
#: A double has every whole number with fewer digits than these.
_EXACT_DIGITS = 16
_DIGITS = "123456789"
#: Between these powers of ten a number is written out; Excel has no more than 30 places behind the point.
_WRITTEN_OUT = range(-30, 31)
_DAY_MICROSECONDS = 86_400_000_000
#: 9999-12-31. Excel shows nothing for a later day.
_LAST_DAY = 2_958_465
_LAST_DAY_1904 = _LAST_DAY - 1462
#: Durations may be longer than dates are late.
_MOST_DAYS = 1e8
#: Excel has a 29 February 1900, the 60th day; the calendar has not.
_NO_DAY = 60
_ESCAPE = re.compile(r"(?:_x[0-9A-Fa-f]{4}_)+")
_UNIT = re.compile(r"_x([0-9A-Fa-f]{4})_")


def number_text(written: str) -> str:
    """Return a number in plain decimal digits; the shortest that mean the same double."""
    if written.isdecimal() and written.isascii() and len(written) < _EXACT_DIGITS and written[0] != "0":
        return written
    if len(written) < (_DOUBLE_DIGITS + 1 if "." in written else _EXACT_DIGITS) and (
        written.replace(".", "", 1).isdigit()
    ):
        # The form of nearly all numbers. With fewer digits than a double has, they are the shortest already.
        if (
            "." in written
            and len(written) < _EXACT_DIGITS
            and written[0] in _DIGITS
            and written[-1] in _DIGITS
        ):
            return written
        text = repr(float(written))
        if "e" not in text:
            return text.removesuffix(".0")
    written = written.strip()
    if not written:
        return ""
    if len(written) > _LONGEST_NUMBER or _NUMBER.fullmatch(written) is None:
        raise FileWorkbookInvalid(problem="a cell's number is none")
    whole = _WHOLE.fullmatch(written)
    if whole is not None:
        return "0" if whole[2] == "0" else whole[1] + whole[2]
    digits = written.lower().partition("e")[0].strip("+-").replace(".", "").strip("0")
    exact = Decimal(written) if len(digits) > _DOUBLE_DIGITS else Decimal(repr(float(written)))
    if not exact.is_finite():
        exact = Decimal(written)
    if not exact:
        return "0"
    if exact.adjusted() not in _WRITTEN_OUT:
        return f"{exact.normalize():E}"
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown_text(written: str, form: Shown, *, from_1904: bool) -> str:
    """Return a number as its format shows it; what Excel shows only as `####` stays a number."""
    plain = number_text(written)
    if not plain:
        return ""
    if form.pattern:
        return _in_pattern(plain, form.pattern) if plain.isdigit() else plain
    days = float(written)
    if not 0 <= days < _MOST_DAYS:
        return plain
    microseconds = round(days * _DAY_MICROSECONDS)
    unit = 10 ** (6 - form.fraction) if form.clock == "hms" else 1000
    microseconds = (microseconds + unit // 2) // unit * unit
    day, within = divmod(microseconds, _DAY_MICROSECONDS)
    if form.elapsed:
        return _clock_text(microseconds, form)
    if day > (_LAST_DAY_1904 if from_1904 else _LAST_DAY):
        return plain
    if not form.date:
        return _clock_text(within, form)
    shown_day = _day_text(day, from_1904=from_1904)
    return f"{shown_day}T{_clock_text(within, form)}" if form.clock else shown_day


def iso_text(written: str, form: Shown | None) -> str:
    """Return a moment that was written in ISO 8601, without the time of day when the format shows none."""
    return written.partition("T")[0] if form is not None and form.date and not form.clock else written


def unescaped(text: str) -> str:
    """Return a cell's text with `_xHHHH_` resolved; half a pair of surrogates stays as it is written."""
    return _ESCAPE.sub(_resolve, text)


def _resolve(found: re.Match[str]) -> str:
    units = b"".join(int(unit, 16).to_bytes(2, "little") for unit in _UNIT.findall(found[0]))
    try:
        text = units.decode("utf-16-le")
    except UnicodeDecodeError:
        return found[0]
    if "\0" in text:
        raise FileMalformed(problem="a cell contains a NUL character")
    return text


def _in_pattern(digits: str, pattern: str) -> str:
    zeros = pattern.count("0")
    filled = digits.zfill(zeros)
    extra, fixed = filled[: len(filled) - zeros], iter(filled[len(filled) - zeros :])
    text = "".join(next(fixed) if mark == "0" else mark for mark in pattern)
    first = pattern.index("0")
    return text[:first] + extra + text[first:]


def _day_text(day: int, *, from_1904: bool) -> str:
    if from_1904:
        return (date(1904, 1, 1) + timedelta(days=day)).isoformat()
    if day in (0, _NO_DAY):
        # As Excel shows them; neither is in the calendar.
        return "1900-02-29" if day else "1900-01-00"
    return (date(1899, 12, 31 if day < _NO_DAY else 30) + timedelta(days=day)).isoformat()


def _clock_text(microseconds: int, form: Shown) -> str:
    seconds, rest = divmod(microseconds, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    text = f"{hour:02}:{minute:02}"
    if form.clock == "hm":
        return text
    fraction = f".{rest:06}"[: form.fraction + 1] if form.fraction else ""
    return f"{text}:{second:02}{fraction}"
