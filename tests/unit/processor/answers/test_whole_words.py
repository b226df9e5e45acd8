"""Words and phrases, whole and in any case: the same that the plain regular expression finds."""

import random
import re

import pytest

from services.processor.answers.whole_words import WholeWords


def _by_pattern(phrases: list[str], text: str) -> bool:
    patterns = [r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases if phrase.strip()]
    either = "|".join(patterns)
    return bool(patterns) and re.search(rf"(?<!\w)(?:{either})(?!\w)", text, re.IGNORECASE) is not None


def test_they_find_what_a_pattern_finds() -> None:
    dice = random.Random(7)
    letters = "abA+-_ \n.é1"
    found = 0
    for _ in range(4000):
        phrases = ["".join(dice.choices(letters, k=dice.randint(1, 4))) for _ in range(dice.randint(1, 3))]
        text = "".join(dice.choices(letters, k=dice.randint(0, 14)))
        expected = _by_pattern(phrases, text)
        found += expected
        assert WholeWords(phrases).are_in(text) == expected, (phrases, text)
    assert 400 < found < 3600


@pytest.mark.parametrize(
    ("phrase", "text", "there"),
    [
        ("a a b", "a a a b", True),
        ("a b c", "a b a b c", True),
        ("+1", "2+1", False),
        ("+1", "2 +1", True),
        ("c++", "c++11", False),
        ("c++", "(C++)", True),
        ("STRASSE", "die straße", True),
        (" ", " ", False),
        ("", "a", False),
    ],
)
def test_a_phrase_is_found_whole(phrase: str, text: str, there: bool) -> None:
    assert WholeWords([phrase, "zz"]).are_in(text) == there
