"""What the SDK's methods take, how they describe themselves, and what waits for a job."""

from __future__ import annotations

import inspect
import json
from decimal import Decimal
from pathlib import Path

import pytest
import smelt_client
from smelt_client import AsyncClient, Client, InvalidName, InvalidRequest, InvalidText, JobOptions, models
from smelt_client.jobs import create_job
from smelt_client.money import Money, usd

from tests.unit.client.conftest import TOKEN, URL, Server, job


@pytest.fixture
def client(server: Server) -> Client:
    return Client(URL, TOKEN, transport=server.transport)


def test_resources_are_taken_in_place_of_their_names(server: Server, client: Client) -> None:
    server.says({"name": "files/f1"}).says({"name": "templates/t1"}).says({"name": "apiKeys/k1"}).says(job())
    file, template, key = client.files.get("f1"), client.templates.get("t1"), client.api_keys.get("k1")
    client.jobs.create(file, [template, "templates/t2"], api_key=key)
    sent = server.body()
    assert (sent["file"], sent["templates"], sent["api_key"]) == (
        "files/f1",
        ["templates/t1", "templates/t2"],
        "apiKeys/k1",
    )


def test_a_resource_of_another_kind_is_refused(server: Server, client: Client) -> None:
    server.says({"name": "templates/t1"})
    template = client.templates.get("t1")
    with pytest.raises(InvalidName, match="files/ID"):
        client.files.get(template)
    with pytest.raises(InvalidName, match="int"):
        client.files.get(7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("2.50", "2.50"),
        (2.5, "2.5"),
        (0.1, "0.1"),
        (3, "3"),
        (0, "0"),
        (Decimal("1E-7"), "0.0000001"),
        (1e-7, "0.0000001"),
        (None, None),
    ],
)
def test_money_is_sent_as_a_decimal_number(amount: Money | None, text: str | None) -> None:
    assert usd(amount) == text


@pytest.mark.parametrize("amount", ["", "free", "nan", float("inf"), "2,50", True])
def test_what_is_no_amount_is_refused_here(amount: Money) -> None:
    with pytest.raises(InvalidText):
        usd(amount)


def test_a_schema_can_be_a_dictionary(server: Server, client: Client) -> None:
    schema = {"type": "object", "properties": {"hook": {"type": "string"}}}
    server.says({}).says({})
    client.templates.create("Hook", "Hi", output_column="Hook", json_schema=schema)
    client.templates.update("t1", json_schema=json.dumps(schema))
    assert [json.loads(server.body(place)["json_schema"]) for place in (0, 1)] == [schema] * 2


def test_violations_name_the_fields(server: Server, client: Client) -> None:
    broken = {"field": "display_name", "description": "must not be empty"}
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "field_violations": [broken]}]
    server.says({"code": 3, "message": "The request is not valid", "details": details}, 400)
    with pytest.raises(InvalidRequest) as caught:
        client.templates.create("", "Hi", output_column="Hook")
    (violation,) = caught.value.violations
    assert (violation.field, violation.description) == ("display_name", "must not be empty")
    assert list(caught.value.details) == details


def test_waiting_ends_when_a_job_pauses_and_tells_each_change(server: Server, client: Client) -> None:
    server.tells(job("RUNNING"), job("RUNNING", 1), job("PAUSED", 1), breaks=True)
    seen: list[int] = []
    stopped = client.jobs.wait("j1", progress=lambda now: seen.append(now.request_counts.done))
    assert (stopped.state, stopped.has_stopped, stopped.is_final, seen) == ("PAUSED", True, False, [0, 1, 1])


def test_a_run_uploads_starts_and_waits(server: Server, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("Name\nAda\n")
    server.says({"name": "files/f1"}).says(job()).tells(job("RUNNING"), job("COMPLETED", 4))
    assert client.jobs.run(path, ["t1"], max_cost_usd=0.5).state == "COMPLETED"
    assert server.paths() == [
        "POST /v1/files:upload?filename=leads.csv",
        "POST /v1/jobs",
        "GET /v1/jobs/j1:watch",
    ]
    assert server.body(1)["max_cost_usd"] == "0.5"


async def test_a_run_can_be_awaited(server: Server) -> None:
    server.says(job()).tells(job("COMPLETED", 4))
    async with AsyncClient(URL, TOKEN, transport=server.transport) as client:
        assert (await client.jobs.run("files/f1", ["t1"])).state == "COMPLETED"


def test_a_run_takes_what_creating_takes() -> None:
    options = set(inspect.signature(create_job).parameters) - {"file", "templates"}
    assert set(JobOptions.__annotations__) == options


def test_methods_have_their_signatures_at_run_time(client: Client) -> None:
    create = inspect.signature(client.jobs.create)
    assert list(create.parameters)[:3] == ["file", "templates", "first_row"]
    assert create.return_annotation == "Job"
    assert inspect.signature(client.jobs.list).return_annotation == "Iterator[Job]"
    awaited = AsyncClient(URL, TOKEN)
    assert inspect.signature(awaited.jobs.get).return_annotation == "Awaitable[Job]"
    assert inspect.signature(awaited.jobs.list).return_annotation == "AsyncIterator[Job]"
    unbound = type(client.jobs).get
    assert list(inspect.signature(unbound).parameters) == ["self", "name"]
    assert (client.jobs.get.__name__, client.jobs.get.__doc__) == ("get", "Return a job's current state.")


def test_a_method_can_be_called_through_its_class(server: Server, client: Client) -> None:
    server.says(job())
    assert type(client.jobs).get(client.jobs, "j1").name == "jobs/j1"


def test_all_values_that_calls_return_can_be_imported() -> None:
    values = {name for name in models.__all__ if name[0].isupper() and not name.isupper()}
    assert values <= set(smelt_client.__all__)
    assert all(hasattr(smelt_client, name) for name in smelt_client.__all__)
