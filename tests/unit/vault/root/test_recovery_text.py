"""A root key written down and typed back: every slip is told with its line."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vault.root.recovery_text import RecoveryTextWrong, part_of_line, read, written

KEY = bytearray(range(32))
SHEET = written(KEY)


def test_the_lines_stay_as_they_are_for_sheets_that_lie_in_safes() -> None:
    assert SHEET == [
        "1: 000G-40R4-0M30-FS28",
        "2: 104G-M2RC-1M70-YZAC",
        "3: 208H-44RM-2MB1-ES03",
        "4: 30CH-M6RW-3MF1-ZDP6",
    ]
    assert read("\n".join(SHEET)) == KEY


@given(st.binary(min_size=32, max_size=32))
def test_what_was_written_reads_back(key: bytes) -> None:
    assert read("\n".join(written(bytearray(key)))) == key


def test_a_person_may_type_as_people_do() -> None:
    typed = "\r\n".join(f"  {line.lower().replace('-', ' ')}  " for line in reversed(SHEET))
    assert read(f"Recovery sheet\nRoot key root-0123\n{typed}\nand a note") == KEY
    looks_alike = [line[:3] + line[3:].replace("0", "O").replace("1", "l") for line in SHEET]
    assert read("\n".join(looks_alike)) == KEY
    assert read("\n\n".join(line[3:] for line in SHEET)) == KEY
    assert part_of_line(2, SHEET[1]) == part_of_line(2, SHEET[1][3:]) == bytes(KEY[8:16])


def test_a_wrong_letter_is_told_with_its_line_and_not_repeated() -> None:
    for n, line in enumerate(SHEET):
        letters = line[3:]
        slips = {letters[:at] + other + letters[at + 1 :] for at in range(len(letters)) for other in "07AZ"}
        for slip in slips - {letters}:
            typed = [*SHEET[:n], f"{n + 1}: {slip}", *SHEET[n + 1 :]]
            with pytest.raises(RecoveryTextWrong, match=f"^line {n + 1} is not what was printed$"):
                read("\n".join(typed))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "these lines are missing: 1, 2, 3, 4"),
        ("\n".join(SHEET[:3]), "these lines are missing: 4"),
        ("\n".join(line[3:] for line in SHEET[:3]), "these lines are missing: 1, 2"),
        ("\n".join(SHEET[n][3:] for n in (0, 2, 1, 3)), "line 2 is not what was printed"),
        ("\n".join([*SHEET[:3], "4: "]), "line 4"),
        ("\n".join([*SHEET[:3], SHEET[3] + "-0000"]), "line 4"),
        ("\n".join([*SHEET[:3], "4: " + SHEET[0][3:]]), "line 4"),
        ("\n".join([SHEET[0][:-1] + "U", *SHEET[1:]]), "line 1"),
        ("\n".join([SHEET[0][:-1] + "é", *SHEET[1:]]), "line 1"),
    ],
)
def test_what_is_missing_or_in_the_wrong_place_is_told(typed: str, said: str) -> None:
    with pytest.raises(RecoveryTextWrong, match=said):
        read(typed)


def test_another_key_has_other_lines() -> None:
    assert not set(SHEET) & set(written(bytearray(os.urandom(32))))
