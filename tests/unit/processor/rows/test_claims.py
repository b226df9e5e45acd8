"""The first row of a shard that is still open, by which its takeovers are counted."""

import pytest

from services.processor.rows.claims import first_open


@pytest.mark.parametrize(
    ("begun", "head"),
    [
        ({}, 3),
        ({3: None}, 4),
        ({4: None, 5: None}, 3),
        # A chain that is under way is open.
        ({3: None, 4: b"sealed"}, 4),
        ({3: None, 4: None, 5: None}, 0),
    ],
)
def test_the_first_open_row_has_no_final_result(begun: dict[int, bytes | None], head: int) -> None:
    assert first_open(begun, 3, 5) == head
