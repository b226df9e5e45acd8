"""A provider that gives the key back everywhere and in other clothes: no answer of ours shows it anywhere.

What is read is found in the contracts: a new method is read here from its first day, or the test says that
it is missing.
"""

import asyncio
import json
import re
from typing import Any

import grpc
import psycopg
import pytest
import redis
from google.protobuf import message_factory
from smelt.processor.v1 import api_key_tests_pb2, jobs_pb2

from deploy.local.valkey import Valkey
from services.common.ids import new_id
from services.processor.templates import library
from tests.e2e import contracts
from tests.integration.processor import webhook_calls as hooks
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, Process, State, Suite, gateway_channel
from tests.support.disguises import seen_in, spelled
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider
from tests.support.vault.known import ApiKey
from tests.support.vault.stand_in import VaultStandIn
from tests.support.webhook_receiver import Receiver

#: A key of small letters, which is all that the code of an error may have.
KEY = "wyxkqvjzmhgtfrbpdlsncaeo"
SCHEMA = '{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"object"}}}'
#: Methods that make, change or remove what the reading ones show.
WRITE = {
    *("CreateJob", "CancelJob", "DeleteJob", "PauseJob", "ResumeJob", "RetryFailedRows", "RegenerateRow"),
    *("CreateTemplate", "UpdateTemplate", "DeleteTemplate", "DuplicateTemplate", "RestoreAnswers"),
    *("CreateVariable", "UpdateVariable", "DeleteVariable", "UpdateJobSettings"),
    *("CreateWebhook", "UpdateWebhook", "DeleteWebhook", "RotateWebhookSecret", "TestWebhook"),
    *("ConfirmWebhook", "RedeliverWebhookDelivery", "UpdateJobRow"),
}
#: Methods of which this test makes the requests.
ASKED = {"TestApiKey", "TestTemplate", "PreviewTemplate", "EstimateJob"}


def error(**words: str) -> str:
    return json.dumps({"error": {"message": "m", "type": "invalid_request_error", "param": None} | words})


def answer(finish: str = "stop", **message: Any) -> str:
    choice = {"message": {"role": "assistant", **message}, "finish_reason": finish}
    return json.dumps({"id": KEY, "model": KEY, "system_fingerprint": KEY, "choices": [choice]})


def carriers() -> list[dict[str, Any]]:
    """Return the provider's ways to say the key, one for each row."""
    headers = {"x-request-id": KEY, "x-ratelimit-limit-requests": KEY, "openai-organization": KEY}
    raw: dict[str, Any] = {"action": "raw", "headers": headers}
    said = [{"action": "content", "content": f"Your key: {form}."} for form in spelled(KEY).values()]
    refused = [
        {**raw, "status": 400, "content": error(**{place: words})}
        for place in ("message", "type", "param", "code")
        for words in (KEY, KEY[::-1], KEY[:12], "_".join(KEY))
    ]
    broken = [
        {**raw, "status": 500, "content": error(code=KEY)},
        {**raw, "status": 200, "content": f"<html>{KEY}</html>"},
        {**raw, "status": 200, "content": answer(finish=KEY, content=None, refusal=KEY)},
        {**raw, "status": 200, "content": answer(content=None, reasoning_content=KEY)},
        {**raw, "status": 200, "content": answer(finish=KEY, content="An honest answer to read.")},
    ]
    return [*said, *refused, *broken]


def json_carriers() -> list[dict[str, Any]]:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    contents = [
        f'{{"a": "{escaped}", "b": {{}}}}',
        f'{{"a": "", "b": {{"{escaped}": 1}}}}',
        f'{{"a": "", "b": {{"x": [["{escaped}"]]}}}}',
        f'{{"a": "{KEY[:9]}", "b": {{"{KEY[9:]}": 1}}}}',
        f'{{"a": 1, "b": {{}}, "{escaped}": 1}}',
        f'```json\n{{"a": "{escaped}", "b": {{}}}}\n```',
    ]
    return [{"action": "content", "content": content} for content in contents]


def requests_of(path: str, made: Any, own: dict[str, list[str]]) -> list[Any]:
    """Return a request for each resource that a path may name."""
    names = re.findall(r"\{([a-z_]+)=([a-zA-Z]+)/\*\}", path)
    if not names:
        return [made()]
    ((field, collection),) = names
    assert own[collection], f"this test has no {collection} to read"
    return [made(**{field: name}) for name in own[collection]]


async def everything_read(channel: grpc.aio.Channel, metadata: Any, own: dict[str, list[str]]) -> bytes:
    """Return all that the processor's reading methods answer, as it came over the wire."""
    read = b""
    for method in contracts.methods():
        if method.package != "processor" or not method.bindings:
            continue
        short = method.full_name.rsplit("/", 1)[1]
        if short in WRITE | ASKED:
            continue
        ((verb, path, _),) = method.bindings
        assert verb == "GET", f"{short} must be added to WRITE or ASKED"
        made = message_factory.GetMessageClass(method.input)
        kind = channel.unary_stream if method.response_streaming else channel.unary_unary
        ask: Any = kind(method.full_name, request_serializer=made.SerializeToString)
        for request in requests_of(path, made, own):
            for more in (
                ({}, {"raw": True, "columns": ["error", "flags"]}) if short == "DownloadResults" else ({},)
            ):
                for name, value in more.items():
                    if isinstance(value, list):
                        getattr(request, name).extend(value)
                    else:
                        setattr(request, name, value)
                call = ask(request, metadata=metadata, timeout=PATIENCE_SECONDS)
                if method.response_streaming:
                    read += b"".join([piece async for piece in call])
                else:
                    read += await call
    return read


def stored(suite: Suite, valkey: Valkey) -> str:
    """Return all rows of the processor's database, and all of Valkey's values."""
    text = ""
    with psycopg.connect(suite.conninfo) as connection:
        tables = connection.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(f"SELECT to_jsonb(t)::text FROM {table} t").fetchall()
            text += "\n".join(row for (row,) in rows)
    with redis.Redis.from_url(valkey.url()) as connected:
        for key in connected.scan_iter():
            text += f"{key!r} {connected.dump(key)!r}\n"
    return text


@pytest.mark.promise("S45", "S01")
@pytest.mark.parametrize(
    ("kind", "path"),
    [("OPENAI", "/v1"), ("AZURE_OPENAI", "/openai/deployments/d?api-version=2024-10-21")],
)
async def test_a_key_that_comes_back_is_shown_nowhere(
    suite: Suite,
    stand_ins: StandIns,
    world: World,
    vault: VaultStandIn,
    provider: Provider,
    worker: Process,
    valkey: Valkey,
    receiver: Receiver,
    kind: str,
    path: str,
) -> None:
    vault.usual_key = ApiKey(f"apiKeys/{new_id()}", f"http://{provider.address}{path}", KEY, kind)
    account, texts, documents = f"dressed{new_id()}", carriers(), json_carriers()
    async with gateway_channel(suite.certificates, suite.address) as channel:
        ada = Person(channel, stand_ins.passport(account))
        own: dict[str, list[str]] = {
            "templates": [
                await ada.template("Text {{Row}}"),
                await ada.template("Json {{Row}}", column="Other", json_schema=SCHEMA),
            ],
            "variables": [await ada.variable("Seen", "x")],
            "libraryTemplates": [f"libraryTemplates/{library.templates()[0].id}"],
            "jobs": [],
        }
        hook, _ = await hooks.hook(ada, receiver.url("/dressed"))
        own["webhooks"], own["webhookDeliveries"] = [hook], [(await hooks.test(ada, hook)).name]
        file = world.add_file(["Row"], [[f"<{number}>"] for number in range(len(texts))], account)
        shown: list[Any] = []
        for template, word, rules in zip(own["templates"], ("Text", "Json"), (texts, documents), strict=True):
            provider.script(
                *({**rule, "contains": f"{word} <{number}>"} for number, rule in enumerate(rules))
            )
            job = await ada.start(file, template, first_row=1, last_row=len(rules), parallel_calls=50)
            own["jobs"].append(job.name)
            done = await ada.until(job.name, State.COMPLETED, State.PAUSED)
            while done.state == State.PAUSED:
                # Refusals, one after the other, without an answer between, pause the job.
                assert done.pause_reason == jobs_pb2.Job.PROVIDER_REJECTED
                await ada.resume(job.name)
                done = await ada.until(job.name, State.COMPLETED, State.PAUSED)
            # Of all texts, one says nothing of the key.
            assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, int(word == "Text"))
            shown.append(await ada.test(file, template, first_row=max(1, len(rules) - 9), row_count=10))
        key_test = channel.unary_unary(
            "/smelt.processor.v1.ApiKeyTestService/TestApiKey",
            request_serializer=api_key_tests_pb2.TestApiKeyRequest.SerializeToString,
            response_deserializer=api_key_tests_pb2.TestApiKeyResponse.FromString,
        )
        for rule in texts[-25:]:
            provider.script(rule)
            request = api_key_tests_pb2.TestApiKeyRequest(name="apiKeys/one")
            shown.append(await key_test(request, metadata=ada.metadata, timeout=PATIENCE_SECONDS))
        read = await everything_read(channel, ada.metadata, own)
    # Controls: what was read is what the provider's answers came to.
    assert b"An honest answer to read." in read
    assert "An honest answer to read." in str(shown)
    assert b"PROVIDER_REJECTED" in read
    written = await asyncio.to_thread(stored, suite, valkey)
    assert own["jobs"][0].removeprefix("jobs/") in written
    for place, text in (
        ("answers", read.decode("utf-8", "replace")),
        ("tests", "".join(map(str, shown))),
        ("stores", written),
        ("logs", suite.logs()),
    ):
        assert list(seen_in(text, KEY)) == [], place
        assert KEY[:12] not in text, place
