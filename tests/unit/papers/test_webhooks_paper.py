"""The paper on webhooks names the events that there are."""

import re
from pathlib import Path

from services.processor.webhooks.webhooks import EVENTS

PAPER = Path(__file__).resolve().parents[3] / "docs" / "webhooks.md"


def test_the_paper_lists_exactly_the_events_that_can_be_asked_for() -> None:
    paper = " ".join(PAPER.read_text(encoding="utf-8").split())
    sentence = re.search(r"The events are ([^;]+);", paper)
    assert sentence
    assert tuple(re.findall(r"`([^`]+)`", sentence[1])) == EVENTS
    assert set(re.findall(r"\bjob\.[a-z]+\b", paper)) == set(EVENTS)
