"""JSON bodies at the edge: only known fields with values of their types reach a service."""

import json
from typing import Any

import pytest

from tests.integration.gateway.conftest import Edge, error_of
from tests.integration.gateway.wire import Answer

pytestmark = [pytest.mark.xdist_group("gateway"), pytest.mark.promise("S54")]
JSON = {"Content-Type": "application/json"}


async def send(edge: Edge, path: str, body: Any) -> Answer:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await edge.call("POST", path, data=text, headers=JSON)


def violations_of(answer: Answer) -> list[tuple[str, str]]:
    """Return the fields that a refusal names, and what is wrong with each."""
    assert error_of(answer)[:3] == (400, 3, "INVALID_REQUEST")
    assert int(answer.headers["content-length"]) == len(answer.body)
    listed = json.loads(answer.body)["details"][1]
    assert listed["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    return [(each["field"], each["description"]) for each in listed["field_violations"]]


@pytest.mark.parametrize(
    ("path", "body", "field", "near"),
    [
        ("/v1/templates", {"temprature": 0.1, "prompt": "x"}, "template.temprature", "temperature"),
        ("/v1/templates", {"displayname": "x"}, "template.displayname", "display_name"),
        ("/v1/jobs", {"max_cost": "2"}, "max_cost", "max_cost_usd"),
        ("/v1/jobs", {"Templates": []}, "Templates", "templates"),
        ("/v1/jobs:estimate", {"temlpates": []}, "temlpates", "templates"),
        ("/v1/jobs/abc:cancel", {"nmae": "x"}, "nmae", "name"),
        ("/v1/users", {"email": "a@b.c", "pasword": "x"}, "pasword", "password"),
        ("/v1/users", b'{"\\u0065mial": 1}', "emial", "email"),
    ],
)
async def test_an_unknown_field_is_refused_with_the_nearest(
    edge: Edge, path: str, body: Any, field: str, near: str
) -> None:
    answer = await send(edge, path, body)
    assert violations_of(answer) == [(field, f"is not a known field; did you mean {near}?")]
    assert error_of(answer)[3] == f"{field} is not a known field; did you mean {near}?"


async def test_where_no_name_is_near_the_known_ones_are_listed(edge: Edge) -> None:
    answer = await send(edge, "/v1/jobs/abc:cancel", {"colour": 1})
    assert violations_of(answer) == [("colour", "is not a known field; known are name")]


async def test_each_unknown_field_is_named_up_to_ten(edge: Edge) -> None:
    answer = await send(edge, "/v1/users", {f"x{number}": number for number in range(50)})
    assert [field for field, _ in violations_of(answer)] == [f"x{number}" for number in range(10)]


@pytest.mark.parametrize(
    ("path", "body", "field", "description"),
    [
        ("/v1/templates", {"prompt": 5}, "template.prompt", "must be text in quotes"),
        ("/v1/templates", {"prompt": ["x"]}, "template.prompt", "must be text in quotes"),
        ("/v1/templates", {"temperature": "warm"}, "template.temperature", "must be a number"),
        ("/v1/templates", {"temperature": [1]}, "template.temperature", "must be a number"),
        ("/v1/templates", {"is_choice": 1}, "template.is_choice", "must be true or false"),
        ("/v1/jobs", {"templates": "templates/a"}, "templates", "must be a list"),
        ("/v1/jobs", {"templates": ["a", 5]}, "templates[1]", "must be text in quotes"),
        (
            "/v1/jobs",
            {"max_cost_usd": [2]},
            "max_cost_usd",
            "must be an amount, as a number or as text in quotes",
        ),
    ],
)
async def test_a_value_of_the_wrong_type_is_refused_in_plain_words(
    edge: Edge, path: str, body: Any, field: str, description: str
) -> None:
    answer = await send(edge, path, body)
    assert violations_of(answer) == [(field, description)]
    assert error_of(answer)[3] == f"{field} {description}"


@pytest.mark.parametrize(
    "body", [b"{'prompt': 'x'}", b'{prompt: "x"}', b'{"prompt": "x",}', b'{"a" "b"}', b"{} x"]
)
async def test_what_is_only_almost_json_hides_no_field(edge: Edge, body: bytes) -> None:
    answer = await send(edge, "/v1/templates", body)
    assert error_of(answer)[:3] == (400, 3, "INVALID_REQUEST")
    assert error_of(answer)[3].startswith("The body is not valid JSON (at byte ")


async def test_both_names_of_a_field_and_every_kind_of_value_pass(edge: Edge) -> None:
    body = b' {"displayName": "a\\"\\\\", "prompt":"\xc3\xa9 {\\"x\\": [",'
    body += b'"temperature":1e-1 , "max_tokens": null}\n'
    answer = await send(edge, "/v1/templates", body)
    assert answer.status == 201, answer.body
    sent = edge.notes.calls["CreateTemplate"][-1].request.template
    assert (sent.display_name, sent.prompt, sent.temperature) == ('a"\\', 'é {"x": [', 0.1)


@pytest.mark.parametrize("name", ["max_cost_usd", "maxCostUsd"])
@pytest.mark.parametrize(
    ("written", "amount"),
    [
        (b'"2.50"', "2.50"),
        (b"2.5", "2.5"),
        (b"2", "2"),
        (b"0", "0"),
        (b"0.30000000000000004", "0.3"),
        (b"1e2", "100"),
        (b"1E-3", "0.001"),
        (b"null", ""),
    ],
)
async def test_money_is_a_number_or_text(edge: Edge, name: str, written: bytes, amount: str) -> None:
    answer = await send(edge, "/v1/jobs", b'{"file":"files/a", "%b" : %b}' % (name.encode(), written))
    assert answer.status == 201, answer.body
    sent = edge.notes.calls["CreateJob"][-1].request
    assert (sent.file, sent.max_cost_usd) == ("files/a", amount)


@pytest.mark.promise("S53")
@pytest.mark.parametrize(
    "body",
    [
        b'{"email":' * 50_000,
        b'{"email":' + b"[" * 500_000,
        b'{"email":' + b"1" * 1_000_000 + b"}",
        b'{"email":[' + b"1," * 400_000 + b"1]}",
        b'{"email":"' + b'\\"' * 400_000 + b'"}',
        b'{"' + b"a" * 1_000_000 + b'":1}',
        b"{" + b'"a":1,' * 100_000 + b'"b":2}',
    ],
    ids=["objects", "lists", "digits", "items", "quotes", "key", "keys"],
)
async def test_what_is_made_to_cost_is_refused(edge: Edge, body: bytes) -> None:
    answer = await send(edge, "/v1/templates", body)
    assert error_of(answer)[:3] == (400, 3, "INVALID_REQUEST")
    assert len(answer.body) < 4096


@pytest.mark.promise("S01")
async def test_the_log_has_no_name_of_a_field(edge: Edge) -> None:
    await send(edge, "/v1/apiKeys", {"sk-7c1f4e-key": "sk-7c1f4e-value"})
    assert "7c1f4e" not in edge.log.read_text()


async def test_the_script_has_not_failed(edge: Edge) -> None:
    """Last in this module: a script that fails lets the body pass, and says so in the log."""
    assert "[lua]" not in edge.log.read_text()
