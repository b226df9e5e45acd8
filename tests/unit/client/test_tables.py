"""Tables of other programs go up as CSV, and results come back as the same kinds."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy
import pandas
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from smelt_client import AsyncClient, Client, InvalidText, ResultForm
from smelt_client.tables import csv_of

from tests.unit.client.conftest import TOKEN, URL, Server, job

ROWS = [{"Name": "J\u00fcrgen", "Town": "K\u00f6ln, Altstadt"}, {"Name": "007", "Town": 'a "b"\r\nc'}]
LINES = b'{"Name":"Ada","Hook":"=Hi"}\n{"Name":"007","Hook":""}\n'
TOLD = {"Name": ["Ada", "007"], "Hook": ["=Hi", ""]}
CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.fixture
def client(server: Server) -> Client:
    return Client(URL, TOKEN, transport=server.transport)


@pytest.mark.parametrize("kind", [list, tuple, pandas.DataFrame, polars.DataFrame])
def test_a_table_of_any_kind_is_uploaded_as_the_same_csv(server: Server, client: Client, kind: Any) -> None:
    server.says({"name": "files/f1"}, 201)
    assert client.files.upload(kind(ROWS), filename="people.csv").name == "files/f1"
    (asked,) = server.asked
    assert dict(asked.url.params) == {"filename": "people.csv", "encoding": "utf-8", "delimiter": ","}
    assert asked.headers["content-length"] == str(len(asked.content))
    assert read(asked.content) == [["Name", "Town"], *(list(row.values()) for row in ROWS)]


async def test_a_table_is_uploaded_without_blocking_too(server: Server) -> None:
    async with AsyncClient(URL, TOKEN, transport=server.transport) as client:
        server.says({"name": "files/f1"}, 201)
        sent: list[int] = []
        await client.files.upload(polars.DataFrame(ROWS), progress=sent.append)
    assert server.asked[0].url.params["filename"] == "table.csv"
    assert sent == [0, len(server.asked[0].content)]


@given(st.lists(st.fixed_dictionaries({"a": CELL, "b": CELL}), min_size=1, max_size=5))
def test_texts_are_kept_character_for_character(rows: list[dict[str, str]]) -> None:
    rows = [{"a": row["a"], "b": row["b"]} for row in rows]
    expected = [["a", "b"], *(list(row.values()) for row in rows)]
    for table in (rows, pandas.DataFrame(rows), polars.DataFrame(rows)):
        assert read(csv_of(table)) == expected


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (float("nan"), ""),
        (pandas.NA, ""),
        (pandas.NaT, ""),
        (numpy.float32("nan"), ""),
        ("nan", "nan"),
        ("", ""),
        (True, "true"),
        (numpy.bool_(False), "false"),
        (0, "0"),
        (2**70, str(2**70)),
        (0.1, "0.1"),
        (numpy.float64(1e300), "1e+300"),
        (Decimal("1.10"), "1.10"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        (pandas.Timestamp("2026-01-02"), "2026-01-02T00:00:00"),
        (["a", 1], '["a", 1]'),
        ({"\u00e9": None}, '{"\u00e9": null}'),
    ],
)
def test_each_value_becomes_the_text_that_a_person_would_write(value: object, cell: str) -> None:
    assert read(csv_of([{"a": "x", "b": value}])) == [["a", "b"], ["x", cell]]


def test_missing_values_of_data_frames_are_empty_cells() -> None:
    expected = [["a", "b"], ["1", ""], ["2", "x"]]
    assert read(csv_of(polars.DataFrame({"a": [1, 2], "b": [None, "x"]}))) == expected
    assert read(csv_of(pandas.DataFrame({"a": [1, 2], "b": [None, "x"]}, index=[7, 8]))) == expected


def test_dicts_may_have_other_columns_in_each_row() -> None:
    assert read(csv_of([{"a": 1}, {"b": 2, "a": 3}])) == [["a", "b"], ["1", ""], ["3", "2"]]


@pytest.mark.parametrize("table", [[1], ["a"], [{"a": b"x"}], {"a": [1]}, 7])
def test_what_is_no_table_is_refused_before_it_is_sent(client: Client, table: Any) -> None:
    with pytest.raises(TypeError):
        client.files.upload(table)


def test_half_of_a_character_is_refused(client: Client) -> None:
    with pytest.raises(InvalidText):
        client.files.upload([{"a": "\ud800"}])


def test_results_are_rows_or_a_data_frame(server: Server, client: Client) -> None:
    for _ in range(3):
        server.streams(LINES, content_length=str(len(LINES)))
    assert client.jobs.results("j1") == [{"Name": "Ada", "Hook": "=Hi"}, {"Name": "007", "Hook": ""}]
    pandas.testing.assert_frame_equal(client.jobs.results("j1", pandas.DataFrame), pandas.DataFrame(TOLD))
    assert client.jobs.results("j1", polars.DataFrame).equals(polars.DataFrame(TOLD))
    assert server.paths() == ["GET /v1/jobs/j1/results:download?raw=true&format=JSONL"] * 3


def test_a_form_says_which_rows_and_columns(server: Server, client: Client) -> None:
    server.streams(LINES, content_length=str(len(LINES)))
    client.jobs.results("j1", form=ResultForm("failed", ("error",), delimiter=";", byte_order_mark=True))
    params = server.asked[0].url.params
    assert dict(params) == {"rows": "ONLY_FAILED", "columns": "error", "format": "JSONL"}


def test_a_frame_without_rows_has_its_columns(server: Server, client: Client) -> None:
    server.streams(b"", content_length="0").streams(b"Name,Hook\r\n", content_length="11")
    frame = client.jobs.results("j1", pandas.DataFrame, form=ResultForm("failed"))
    assert (list(frame.columns), len(frame)) == (["Name", "Hook"], 0)
    assert server.asked[1].url.params["delimiter"] == ","


async def test_results_come_without_blocking_too(server: Server) -> None:
    async with AsyncClient(URL, TOKEN, transport=server.transport) as client:
        server.streams(LINES, content_length=str(len(LINES)))
        assert (await client.jobs.results("j1", polars.DataFrame)).equals(polars.DataFrame(TOLD))


def test_a_run_takes_a_table(server: Server, client: Client) -> None:
    server.says({"name": "files/f1"}, 201).says(job("PENDING"), 201).tells(job("COMPLETED", 2))
    assert client.jobs.run(pandas.DataFrame(ROWS), ["t1"]).state == "COMPLETED"
    assert server.body(1)["file"] == "files/f1"


def test_the_client_needs_none_of_these_libraries() -> None:
    check = (
        "import sys; sys.modules.update(dict.fromkeys(['pandas', 'polars', 'numpy', 'pyarrow']));"
        "from smelt_client.tables import csv_of; print(csv_of([{'a': 1.5}]))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(b"a\r\n1.5\r\n")
