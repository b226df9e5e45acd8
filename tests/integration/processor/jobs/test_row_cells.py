"""Rows with the cells that the job's own parse has, from anywhere in the file."""

from typing import Any

import pytest

from services.common.errors import Kind
from services.common.paging import PAGE_BYTES
from tests.integration.processor.stand_in_services import Refused, World
from tests.integration.processor.suite import Person, Process, State, refusal
from tests.support.provider import Provider

ROWS = 700


async def finished(ada: Person, file: str, **more: Any) -> str:
    done = await ada.until((await ada.start(file, await ada.template("{{Name}}"), **more)).name)
    assert done.state == State.COMPLETED
    name: str = done.name
    return name


async def test_a_page_begins_anywhere_and_has_the_cells_of_its_rows(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "content_filter", "contains": "bad"})
    rows = [[f"{'bad' if number % 300 == 0 else 'Name'} {number}", f"x{number}"] for number in range(1, ROWS)]
    file = world.add_file(["Name", "Other"], rows)
    job = await finished(ada, file, first_row=3, parallel_calls=100)

    page = await ada.rows(job, first_row=500, page_size=3, with_cells=True)
    assert list(page.columns) == ["Name", "Other"]
    assert not page.cells_gone
    assert [(row.number, list(row.cells)) for row in page.rows] == [
        (number, rows[number - 1]) for number in (500, 501, 502)
    ]
    page = await ada.rows(job, first_row=500, page_size=3, with_cells=True, page_token=page.next_page_token)
    assert [row.number for row in page.rows] == [503, 504, 505]
    # Before the job's rows, it begins with them; behind them, there is nothing.
    page = await ada.rows(job, first_row=1, page_size=1)
    assert [(row.number, list(row.cells)) for row in page.rows] == [(3, [])]
    assert list(page.columns) == []
    assert not (await ada.rows(job, first_row=5000, with_cells=True)).rows

    failed = await ada.rows(job, filter="state = FAILED", with_cells=True)
    assert [(row.number, list(row.cells)) for row in failed.rows] == [(n, rows[n - 1]) for n in (300, 600)]
    failed = await ada.rows(job, filter="state = FAILED", first_row=301, with_cells=True)
    assert [row.number for row in failed.rows] == [600]

    assert await refusal(ada.rows(job, first_row=0)) == "INVALID_REQUEST"
    world.files[file].unreadable = Refused("FILE_DAMAGED", Kind.INTERNAL)
    assert await refusal(ada.rows(job, with_cells=True)) == "FILE_DAMAGED"
    # What it answered is kept when the file is gone; its cells are not.
    world.files[file].deleted = True
    page = await ada.rows(job, first_row=500, page_size=1, with_cells=True)
    assert page.cells_gone
    assert [(row.number, list(row.cells)) for row in page.rows] == [(500, [])]
    assert page.rows[0].outputs["Hook"]


@pytest.mark.promise("S59")
async def test_pages_of_large_cells_are_bounded_and_leave_nothing_out(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    big = "é" * 40_000
    rows = [[f"Name {number}", *[big] * (5 if number == 7 else 2)] for number in range(1, 21)]
    columns = ["Name", *(f"Big{nth}" for nth in range(5))]
    file = world.add_file(columns, [row + [""] * (6 - len(row)) for row in rows])
    job = await finished(ada, file)
    seen: list[Any] = []
    token = ""
    while not seen or token:
        page = await ada.rows(job, with_cells=True, page_size=1000, page_token=token)
        assert page.ByteSize() < 2 * PAGE_BYTES
        seen += page.rows
        token = page.next_page_token
    assert [row.number for row in seen] == [*range(1, 21)]
    assert all(row.cells[1] == big for row in seen)


async def test_rows_that_are_far_apart_come_in_more_pages(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "content_filter", "contains": "bad"})
    rows = [["bad" + str(n) if n % 150 == 1 else ""] for n in range(1, 6001)]
    file = world.add_file(["Name"], rows)
    job = await finished(ada, file, parallel_calls=50)
    seen: list[int] = []
    token, pages = "", 0
    while not pages or token:
        page = await ada.rows(job, filter="state = FAILED", with_cells=True, page_size=100, page_token=token)
        assert all(list(row.cells) == rows[row.number - 1] for row in page.rows)
        seen += [row.number for row in page.rows]
        token, pages = page.next_page_token, pages + 1
    assert seen == [n for n in range(1, 6001) if n % 150 == 1]
    assert pages > 1
