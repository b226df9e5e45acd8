"""Results of jobs in each format, as they are downloaded from real processes."""

import csv
import io
import json
from typing import Any

from python_calamine import CalamineWorkbook

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, refusal
from tests.support.provider import Provider, answer_for

COLUMNS = ["Name", "Town"]
ROWS = [["J\u00fcrgen", "K\u00f6ln; am Rhein"], ["", ""], ["007", '"x"']]
AS_IT_CAME: dict[str, Any] = {
    "delimiter": ";",
    "byte_order_mark": True,
    "line_end": "lf",
    "encoding": "utf-8",
}


def hook(row: list[str]) -> str:
    return answer_for(f"Write to {row[0]}") if row[0] else ""


TABLE = [[*COLUMNS, "Hook"], *([*row, hook(row)] for row in ROWS)]


def read(data: bytes, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


async def test_results_come_as_the_file_came_even_after_it_was_deleted(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(COLUMNS, ROWS, **AS_IT_CAME)
    job = await ada.start(file, await ada.template("Write to {{Name}}"))
    assert (await ada.until(job.name)).state == State.COMPLETED
    headers, whole = await ada.download(job.name)
    assert whole.startswith(b"\xef\xbb\xbfName;Town;Hook\nJ")
    assert read(whole, ";") == TABLE
    name = f"results-{job.name.removeprefix('jobs/')}"
    assert headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    world.files[file].deleted = True
    headers, chosen = await ada.download(job.name, columns=["error"], byte_order_mark=False)
    assert chosen.startswith(b"Name;Town;Hook;error\n;;")
    headers, chosen = await ada.download(job.name, delimiter="\t", line_end="crlf", quoting="all")
    assert chosen.startswith(b'\xef\xbb\xbf"Name"\t"Town"\t"Hook"\r\n')
    assert headers["content-disposition"] == f'attachment; filename="{name}.tsv"'


async def test_a_file_of_another_encoding_comes_back_with_a_mark(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(COLUMNS, ROWS, delimiter=",", encoding="windows-1252")
    job = await ada.start(file, await ada.template("Write to {{Name}}"))
    await ada.until(job.name)
    _, data = await ada.download(job.name)
    assert data.startswith(b"\xef\xbb\xbfName,Town,Hook\r\n")


async def test_results_are_had_as_a_workbook_and_as_json_lines(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    job = await ada.start(world.add_file(COLUMNS, ROWS), await ada.template("Write to {{Name}}"))
    await ada.until(job.name)
    headers, data = await ada.download(job.name, format="XLSX")
    assert headers["content-disposition"].endswith('.xlsx"')
    assert (headers["x-content-length"], headers["x-smelt-row-count"]) == (str(len(data)), "3")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
    assert [[str(cell) for cell in row] for row in sheet.to_python()] == TABLE
    headers, data = await ada.download(job.name, format="JSONL", rows="ONLY_SUCCEEDED")
    assert (headers["content-disposition"][-7:], headers["x-smelt-row-count"]) == ('.jsonl"', "2")
    assert [json.loads(line) for line in data.splitlines()] == [
        dict(zip(TABLE[0], row, strict=True)) for row in (TABLE[1], TABLE[3])
    ]
    assert await refusal(ada.download(job.name, format="XLSX", delimiter=";")) == "INVALID_REQUEST"
