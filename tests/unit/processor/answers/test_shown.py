"""Long texts in one message: the longest are cut, and short ones stay whole."""

import pytest

from services.processor.answers.shown import shortened


def test_texts_that_fit_stay_as_they_are() -> None:
    assert shortened(["a" * 5, "é", ""], 7) == ["a" * 5, "é", ""]


@pytest.mark.parametrize("most", [0, 10, 100, 1000, 2500])
def test_the_longest_are_cut(most: int) -> None:
    texts = ["short", "x" * 2000, "é" * 600, "", "𝄞" * 40]
    shown = shortened(texts, most)
    assert sum(len(text.encode()) for text in shown) <= max(most, 3 * len(texts))
    for text, whole in zip(shown, texts, strict=True):
        assert text == whole or (text.endswith("…") and whole.startswith(text[:-1]))
    if most >= 100:
        assert shown[0] == "short"


def test_room_that_short_texts_leave_is_used() -> None:
    assert shortened(["a", "b" * 50, "c" * 100], 111) == ["a", "b" * 50, "c" * 57 + "…"]
