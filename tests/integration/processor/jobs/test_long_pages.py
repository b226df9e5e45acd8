"""Lists of large items: pages end by their bytes, and nothing is too large to be read."""

from typing import Any

import pytest
from smelt.processor.v1 import templates_pb2

from services.common.paging import PAGE_BYTES
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider

pytestmark = pytest.mark.promise("S59")

LONG = "word " * 180_000


async def _all_rows(ada: Person, name: str, **more: Any) -> tuple[list[Any], int]:
    rows: list[Any] = []
    pages, token = 0, ""
    while not pages or token:
        answer = await ada.rows(name, page_token=token, **more)
        assert answer.ByteSize() < 2 * PAGE_BYTES
        rows += answer.rows
        pages, token = pages + 1, answer.next_page_token
    return rows, pages


async def test_rows_of_long_answers_are_listed_in_more_pages(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "content", "content": LONG, "contains": "long"},
        {"action": "content", "content": "A short answer, as most are."},
    )
    file = world.add_file(["Kind"], [["long" if number % 2 else "short"] for number in range(12)])
    done = await ada.until((await ada.start(file, await ada.template("{{Kind}}", max_tokens=100_000))).name)
    assert done.request_counts.succeeded == 12
    rows, pages = await _all_rows(ada, done.name)
    assert [row.number for row in rows] == [*range(1, 13)]
    assert [len(row.outputs["Hook"]) for row in rows if row.number % 2 == 0] == [len(LONG)] * 6
    assert pages == 6
    rows, pages = await _all_rows(ada, done.name, filter="state = SUCCEEDED")
    assert ([row.number for row in rows], pages) == ([*range(1, 13)], 6)
    rows, pages = await _all_rows(ada, done.name, page_size=1)
    assert ([row.number for row in rows], pages) == ([*range(1, 13)], 12)


async def test_of_a_row_that_is_too_large_by_itself_the_longest_outputs_are_cut(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "content", "content": "A short answer, as most are.", "contains": "small"},
        {"action": "content", "content": LONG},
    )
    file = world.add_file(["Kind"], [["one"], ["two"]])
    templates = [await ada.template("{{Kind}}", f"Out{nth}", max_tokens=100_000) for nth in range(5)]
    templates.append(await ada.template("small", "Small"))
    done = await ada.until((await ada.start(file, *templates)).name)
    rows, pages = await _all_rows(ada, done.name)
    assert ([row.number for row in rows], pages) == ([1, 2], 2)
    for row in rows:
        assert row.outputs["Small"] == "A short answer, as most are."
        shown = row.outputs["Out0"]
        assert shown.endswith("…") and len(shown) > 200_000 and LONG.startswith(shown[:-1])
    _, data = await ada.download(done.name)
    assert data.count(LONG.strip().encode()) >= 10


async def test_large_templates_are_listed_in_more_pages(ada: Person) -> None:
    made = {await ada.template("é" * 50_000, f"Large{number}") for number in range(30)}
    listed: list[str] = []
    token = ""
    while True:
        request = templates_pb2.ListTemplatesRequest(page_size=1000, page_token=token)
        answer = await ada.templates.ListTemplates(request, metadata=ada.metadata, timeout=PATIENCE_SECONDS)
        assert answer.ByteSize() <= PAGE_BYTES + 1000
        listed += [each.name for each in answer.templates]
        token = answer.next_page_token
        if not token:
            break
    assert made <= set(listed)
    assert len(listed) == len(set(listed))
