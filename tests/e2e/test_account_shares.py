"""What one account has under way leaves room to another: at the services' ports, in the table's numbers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest
from smelt.files.v1 import files_pb2, files_pb2_grpc
from smelt.processor.v1 import (
    api_key_tests_pb2,
    api_key_tests_pb2_grpc,
    jobs_pb2,
    jobs_pb2_grpc,
    templates_pb2,
    templates_pb2_grpc,
    usage_pb2,
    usage_pb2_grpc,
)

from services.common.rpc.errors import error_from_rpc
from tests.e2e.api import Person
from tests.support.account_bounds import table
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider
from tests.support.stack import Stack
from tests.support.wire import channel, passport

pytestmark = pytest.mark.promise("S43")
MOST = {line.what: int(line.most) for line in table() if line.most.isdecimal()}


class Caller:
    """A person's calls, as the gateway forwards them."""

    def __init__(self, stack: Stack, person: Person) -> None:
        self.stack = stack
        self.person = person
        self.metadata: tuple[tuple[str, str], ...] = ()
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "Caller":
        self.metadata = (("x-smelt-passport", await passport(self.stack, self.person.token)),)
        processor = await self._open.enter_async_context(channel(self.stack, "processor", "gateway"))
        files = await self._open.enter_async_context(channel(self.stack, "files", "gateway"))
        self.jobs: Any = jobs_pb2_grpc.JobServiceStub(processor)
        self.templates: Any = templates_pb2_grpc.TemplateServiceStub(processor)
        self.key_tests: Any = api_key_tests_pb2_grpc.ApiKeyTestServiceStub(processor)
        self.usage: Any = usage_pb2_grpc.UsageServiceStub(processor)
        self.files: Any = files_pb2_grpc.FileServiceStub(files)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def used(self) -> None:
        """A short call, which must be answered."""
        await self.usage.GetUsage(
            usage_pb2.GetUsageRequest(), metadata=self.metadata, timeout=PATIENCE_SECONDS
        )


@pytest.fixture(scope="module")
async def eve(stack: Stack, new_person: Callable[[], Person]) -> AsyncIterator[Caller]:
    async with Caller(stack, new_person()) as caller:
        yield caller


@pytest.fixture(scope="module")
async def ada(stack: Stack, new_person: Callable[[], Person]) -> AsyncIterator[Caller]:
    async with Caller(stack, new_person()) as caller:
        yield caller


async def reason_of(call: Awaitable[Any]) -> str:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error_from_rpc(error).reason
    except asyncio.CancelledError:
        return "CANCELLED"
    return "OK"


async def _a_watched_job(caller: Caller, provider: Provider) -> str:
    person = caller.person
    person.add_key(provider.base_url)
    job = person.job(person.file(b"n\n1\n"), [person.template("Say {{n}}")])
    return str(person.ok("POST", f"/v1/{job['name']}:pause")["name"])


async def test_three_hundred_watches_of_one_account_leave_room_to_another(
    eve: Caller, ada: Caller, provider: Provider
) -> None:
    provider.script(latency_ms=600_000)
    jobs = [await asyncio.to_thread(asyncio.run, _a_watched_job(each, provider)) for each in (eve, ada)]
    open_now: list[Any] = []

    async def watch(caller: Caller, job: str) -> str:
        call = caller.jobs.WatchJob(
            jobs_pb2.WatchJobRequest(name=job), metadata=caller.metadata, timeout=PATIENCE_SECONDS
        )
        try:
            await call.read()
            open_now.append(call)
            return "OK"
        except grpc.aio.AioRpcError as error:
            return error_from_rpc(error).reason

    said = await asyncio.gather(*(watch(eve, jobs[0]) for _ in range(300)))
    most = MOST["streams at a replica"]
    assert (said.count("OK"), said.count("STREAM_LIMIT")) == (most, 300 - most)
    assert await watch(ada, jobs[1]) == "OK"
    # Neither her own short calls nor another's are kept waiting by them.
    await eve.used()
    await ada.used()
    for call in open_now:
        call.cancel()


async def test_trials_that_wait_for_a_provider_have_a_number_and_keep_nothing_else_waiting(
    eve: Caller, ada: Caller, provider: Provider
) -> None:
    provider.script(latency_ms=600_000)

    async def trial(caller: Caller) -> Callable[[], Awaitable[Any]]:
        person = caller.person
        await asyncio.to_thread(person.add_key, provider.base_url)
        request = templates_pb2.TestTemplateRequest(
            file=(await asyncio.to_thread(person.file, b"n\n1\n"))["name"],
            templates=[(await asyncio.to_thread(person.template, "Say {{n}}"))["name"]],
        )
        return lambda: caller.templates.TestTemplate(
            request, metadata=caller.metadata, timeout=PATIENCE_SECONDS
        )

    eves, adas = await trial(eve), await trial(ada)
    most = MOST["tests of templates at a replica"]
    running = [asyncio.ensure_future(reason_of(eves())) for _ in range(most + 3)]
    done: set[Any] = set()
    while len(done) < 3:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_SECONDS)
        await asyncio.sleep(0.01)
    assert {task.result() for task in done} == {"CALL_LIMIT"}
    assert len(done) == 3
    # Another account's trial reaches the provider, and her own short calls go on.
    before = provider.summary()["in_flight"]
    other = asyncio.ensure_future(reason_of(adas()))
    while provider.summary()["in_flight"] <= before:
        await asyncio.sleep(0.05)
        assert not other.done()
    await eve.used()
    # A trial of a key is counted by itself.
    key = (await asyncio.to_thread(eve.person.ok, "GET", "/v1/apiKeys"))["api_keys"][0]["name"]
    request = api_key_tests_pb2.TestApiKeyRequest(name=key)

    def of_key() -> Awaitable[Any]:
        call: Awaitable[Any] = eve.key_tests.TestApiKey(
            request, metadata=eve.metadata, timeout=PATIENCE_SECONDS
        )
        return call

    tests = [
        asyncio.ensure_future(reason_of(of_key())) for _ in range(MOST["tests of API keys at a replica"] + 2)
    ]
    refused, rest = await asyncio.wait(tests, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_SECONDS)
    assert {task.result() for task in refused} == {"CALL_LIMIT"}
    for task in (*running, other, *rest):
        task.cancel()
    await asyncio.gather(*running, other, *rest, return_exceptions=True)


async def test_reparses_have_a_number(eve: Caller) -> None:
    row = ",".join("x" * 1000 for _ in range(20))
    content = "\n".join([",".join(f"c{nth}" for nth in range(20)), *[row] * 400, ""]).encode()
    name = (await asyncio.to_thread(eve.person.file, content))["name"]
    (most,) = (most for what, most in MOST.items() if what.startswith("uploads and reparses at a replica"))
    calls = [
        reason_of(
            eve.files.ReparseFile(
                files_pb2.ReparseFileRequest(name=name, delimiter=delimiter, encoding=encoding),
                metadata=eve.metadata,
                timeout=PATIENCE_SECONDS,
            )
        )
        for encoding in ("utf-8", "latin-1", "windows-1252")
        for delimiter in (",", ";", "|", "\t")
    ]
    said = await asyncio.gather(*calls)
    assert said.count("UPLOAD_LIMIT") >= 1
    assert len(said) - said.count("UPLOAD_LIMIT") >= most
