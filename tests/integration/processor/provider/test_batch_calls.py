"""The client for batches: bounded in time and bytes, whatever a provider says."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from services.common.key_kinds import KeyKind
from services.processor.provider.addresses import AddressNotAllowed, Endpoints
from services.processor.provider.batches import BatchCallFailed, Batches, Place
from services.processor.provider.exchange import Limits
from services.processor.provider.seen_batches import Stage
from tests.support.provider import Provider, authorization_sha256

SECRET = "sk-proj-9aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1x"
LINE = orjson.dumps(
    {
        "custom_id": "1-0",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    }
)


@pytest.fixture
async def batches(provider: Provider) -> AsyncIterator[Batches]:
    limits = Limits(connect_seconds=1, total_seconds=1, answer_bytes=100_000)
    made = Batches(Endpoints([provider.address]), limits)
    yield made
    await made.close()


@pytest.fixture
def place(provider: Provider) -> Place:
    return Place(provider.base_url, SECRET.encode(), "ada")


@pytest.fixture
def azure(provider: Provider) -> Place:
    base_url = f"http://{provider.address}/openai/v1?api-version=preview"
    return Place(base_url, SECRET.encode(), "ada", KeyKind.AZURE_OPENAI)


async def failed(call: Any) -> str:
    with pytest.raises(BatchCallFailed) as caught:
        await call
    assert SECRET not in f"{caught.value!r} {caught.value.failure}"
    return caught.value.failure.reason


async def sent(batches: Batches, place: Place, mark: str = "smelt-1") -> str:
    file = await batches.upload(place, f"{mark}.jsonl", [LINE + b"\n"])
    return (await batches.make(place, file, mark)).id


async def test_a_batch_goes_from_its_upload_to_its_lines(
    batches: Batches, place: Place, provider: Provider
) -> None:
    id_ = await sent(batches, place)
    assert [each.id for each in await batches.find(place, "smelt-1")] == [id_]
    assert await batches.find(place, "smelt-2") == []
    assert len(await batches.find_files(place, "smelt-1.jsonl")) == 1
    seen = await batches.read(place, id_)
    assert seen is not None
    assert seen.stage is Stage.OVER
    lines = [line async for line in batches.lines(place, seen.output_file, most_bytes=10_000)]
    assert [orjson.loads(line)["custom_id"] for line in lines] == ["1-0"]
    await batches.delete_file(place, seen.output_file)
    assert [line async for line in batches.lines(place, seen.output_file, most_bytes=10_000)] == []
    assert {each["authorization_sha256"] for each in provider.requests()} == {authorization_sha256(SECRET)}


async def test_the_batches_of_azure_have_the_key_in_its_own_header(
    batches: Batches, azure: Place, provider: Provider
) -> None:
    id_ = await sent(batches, azure)
    assert [each.id for each in await batches.find(azure, "smelt-1")] == [id_]
    calls = [each for each in provider.requests() if each["method"] != "BATCH"]
    assert all("api-key" in each["header_names"] for each in calls)
    assert {each["authorization_sha256"] for each in calls} == {authorization_sha256(SECRET)}


async def test_a_body_of_many_lines_arrives_as_it_was(
    batches: Batches, place: Place, provider: Provider
) -> None:
    lines = [LINE.replace(b'"1-0"', f'"{row}-0"'.encode()) + b"\n" for row in range(1, 3001)]
    file = await batches.upload(place, "many.jsonl", lines)
    assert [line + b"\n" async for line in batches.lines(place, file, most_bytes=10**7)] == lines


async def test_what_is_over_or_unknown_can_be_cancelled_without_harm(
    batches: Batches, place: Place, provider: Provider
) -> None:
    id_ = await sent(batches, place)
    assert await batches.read(place, id_) is not None
    await batches.cancel(place, id_)
    await batches.cancel(place, "batch_of_nobody")
    assert await batches.read(place, "batch_of_nobody") is None


@pytest.mark.promise("S45")
@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"action": "raw", "status": 200, "content": "<html>"}, "PROVIDER_ANSWER_INVALID"),
        ({"action": "raw", "status": 200, "content": "[]"}, "PROVIDER_ANSWER_INVALID"),
        ({"action": "raw", "status": 200, "content": f'{{"id":"{SECRET}"}}'}, "PROVIDER_ANSWER_INVALID"),
        (
            {
                "action": "raw",
                "status": 200,
                "content": f'{{"id":"{base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("=")}"}}',
            },
            "PROVIDER_ANSWER_INVALID",
        ),
        ({"action": "raw", "status": 200, "content": '{"id":"../../x"}'}, "PROVIDER_ANSWER_INVALID"),
        ({"action": "huge", "megabytes": 3}, "PROVIDER_ANSWER_INVALID"),
        ({"action": "redirect"}, "BATCH_REFUSED"),
        ({"action": "status", "status": 401, "echo_key": "full"}, "PROVIDER_AUTH"),
        ({"action": "status", "status": 404}, "BATCHES_UNSUPPORTED"),
        ({"action": "status", "status": 503}, "PROVIDER_UNAVAILABLE"),
        ({"action": "trickle"}, "PROVIDER_UNAVAILABLE"),
        ({"action": "cut_off"}, "PROVIDER_UNAVAILABLE"),
        ({"action": "reset"}, "PROVIDER_UNAVAILABLE"),
    ],
)
async def test_what_is_no_batch_fails_within_bounds_and_shows_no_key(
    batches: Batches, place: Place, provider: Provider, *, rule: dict[str, Any], reason: str
) -> None:
    file = await batches.upload(place, "one.jsonl", [LINE])
    provider.script({**rule, "path": "/v1/batches"})
    assert await failed(batches.make(place, file, "smelt-1")) == reason


@pytest.mark.promise("S45")
async def test_a_file_larger_than_it_may_be_ends_there(
    batches: Batches, place: Place, provider: Provider
) -> None:
    content = ("x" * 999 + "\n") * 1000
    provider.script({"action": "raw", "status": 200, "content": content, "path": "/v1/files/"})
    read = []
    with pytest.raises(BatchCallFailed) as caught:
        async for line in batches.lines(place, "file-1", most_bytes=500_000):
            read.append(len(line))
    assert caught.value.failure.reason == "PROVIDER_ANSWER_INVALID"
    assert sum(read) <= 500_000


@pytest.mark.promise("S46")
async def test_only_allowed_addresses_are_called(batches: Batches) -> None:
    with pytest.raises(AddressNotAllowed):
        await batches.find(Place("http://127.0.0.1:1/v1", SECRET.encode(), "ada"), "smelt-1")
