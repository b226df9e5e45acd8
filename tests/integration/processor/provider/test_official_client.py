"""Rows are sent without the official client, and as it would send them: compared on the wire."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import fields, replace
from typing import Any

import orjson
import pytest
from openai import AsyncOpenAI

from services.common.key_kinds import KeyKind
from services.processor.outside import Released
from services.processor.provider.addresses import Endpoints
from services.processor.provider.answer import Answer
from services.processor.provider.exchange import Limits
from services.processor.provider.official import OfficialClient
from services.processor.provider.provider import Provider, Way, directly
from services.processor.rows.requests import Requests
from services.processor.templates.prompt_settings import PromptSettings

SECRET = b"sk-of-the-call"
PLAIN = PromptSettings(prompt="unused", output_column="answer")
OTHER: dict[str, Any] = {
    "model": "o4-mini",
    "temperature": 0.15,
    "max_tokens": 7,
    "json_schema": '{"type":"object","properties":{"grüße":{"type":"string"}},"required":["grüße"]}',
    "reasoning_effort": "low",
    "max_completion_tokens": 9,
    "character_limit": 80,
    "word_limit": 12,
    "forbidden_words": ("cheap",),
}
#: What is no part of a request.
SILENT = {"prompt", "output_column", "reference_columns", "is_choice", "auto_fix_off"}
#: Every option by itself, each two of them, and letters that JSON and HTTP write in several ways.
SETTINGS = [
    PLAIN,
    *(replace(PLAIN, **{name: OTHER[name]}) for name in OTHER),
    *(replace(PLAIN, **{a: OTHER[a], b: OTHER[b]}) for a, b in itertools.combinations(OTHER, 2)),
]
PROMPTS = ["Hi", 'quotes " and \\ and </script>', "grüße \u2028 \U0001f600 \x00 \x7f", "x" * 70_000]


class Wire:
    """A server that keeps each request as it came, without the port in it, and answers all of them alike."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = orjson.dumps({"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]})
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = next(
                    int(line.partition(b":")[2])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                )
                self.seen.append(head + await reader.readexactly(size))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(said) + said)
        except asyncio.IncompleteReadError:
            writer.close()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    made = Wire()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


async def sent(wire: Wire, way: Way, kind: KeyKind, bodies: list[Mapping[str, Any]]) -> list[bytes]:
    wire.seen.clear()
    address = f"127.0.0.1:{wire.port}"
    path = "/openai/deployments/d?api-version=2024-10-21" if kind is KeyKind.AZURE_OPENAI else "/v1"
    limits = Limits(connect_seconds=60, total_seconds=60, answer_bytes=100_000)
    client = Provider(Endpoints([address]), limits, way=way)
    key = Released(SECRET, f"http://{address}{path}", kind)
    for body in bodies:
        assert isinstance(await client.ask(key, body, account="ada"), Answer)
    await client.close()
    return list(wire.seen)


def requests() -> list[Mapping[str, Any]]:
    every = [Requests(settings).body("Hi", frozenset()) for settings in SETTINGS]
    return [*every, *(Requests(PLAIN).body(prompt, frozenset()) for prompt in PROMPTS)]


def test_every_option_of_a_template_is_compared() -> None:
    assert {field.name for field in fields(PromptSettings)} == OTHER.keys() | SILENT


@pytest.mark.parametrize("kind", list(KeyKind))
async def test_a_request_is_the_same_to_the_byte_with_the_official_client_and_without(
    wire: Wire, kind: KeyKind
) -> None:
    bodies = requests()
    ours = await sent(wire, directly, kind, bodies)
    theirs = await sent(wire, OfficialClient, kind, bodies)
    assert len(ours) == len(bodies)
    assert ours == theirs


async def test_a_program_that_uses_the_official_package_asks_for_the_same(wire: Wire) -> None:
    bodies = requests()
    ours = [
        orjson.loads(each.partition(b"\r\n\r\n")[2])
        for each in await sent(wire, directly, KeyKind.OPENAI, bodies)
    ]
    ways = [each.partition(b"\r\n")[0] for each in wire.seen]
    wire.seen.clear()
    async with AsyncOpenAI(
        api_key=SECRET.decode(), base_url=f"http://127.0.0.1:{wire.port}/v1", max_retries=0
    ) as client:
        for body in bodies:
            await client.chat.completions.create(**body)
    assert [orjson.loads(each.partition(b"\r\n\r\n")[2]) for each in wire.seen] == ours
    assert [each.partition(b"\r\n")[0] for each in wire.seen] == ways
    assert all(b"\r\nauthorization: bearer " + SECRET in each.lower() for each in wire.seen)
