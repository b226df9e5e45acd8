"""Nothing that a person sends costs an event loop more than 20 ms in one go: each method's largest request.

The requests come from the contracts and their rules, so that a new method is covered the day it is born. What
a contract cannot know, an account that is full of everything, comes from `full_account`. A loop is judged by
the processor time that its own thread and its process used while its heartbeat was late, not by how late it
was: that says how busy the machine is. What others do on the machine only adds to a figure, so the best of
some tries counts.
"""

import asyncio
import importlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any

import grpc
import pytest
from envoy_auth.v3 import external_auth_pb2 as ext
from google.protobuf import json_format
from google.protobuf.message import Message
from smelt.vault.v1 import signing_pb2, signing_pb2_grpc

from gateway.listener import MAX_HEADERS, MAX_HEADERS_KB
from services.common.identity import ERASURE_KEY, EXPORT_KEY, GATEWAY, PASSPORT_KEY, Allow
from services.common.rpc.errors import error_from_rpc
from tests.e2e import contracts, full_account
from tests.e2e.api import Person
from tests.e2e.full_account import Full
from tests.support.largest import largest, longest_lists_of_nothing, message_class
from tests.support.loops import Held, Process
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider
from tests.support.stack import Stack
from tests.support.wire import channel, passport

SERVICES = ("auth", "vault", "files", "processor")
#: Those whose settings this user may read, to find their metrics: the vault shows nothing of itself, except
#: to root.
SHOWN = tuple(service for service in SERVICES if service != "vault" or os.geteuid() == 0)
WORKERS = ("worker-1", "worker-2")
#: What one go may cost the loop's thread, and what the process may keep it waiting for: another thread may
#: hold the interpreter's lock for a while.
LOOP_SECONDS, PROCESS_SECONDS = 0.02, 0.05
#: On a machine that does much else, the same work costs up to twice the processor time. The short form of a
#: test allows for it and still sees what grows with the input; the long form needs a quiet machine.
SLACK = [4, pytest.param(1, marks=pytest.mark.long)]
_TRIES = 10
#: Of a stream, no more is read.
_MOST_READ = 32 * 1024 * 1024
#: What a process may keep of what it needed for such requests: heaps of threads and caches of compiled rules.
_KEPT_BYTES = 160 * 1024 * 1024
pytestmark = [pytest.mark.promise("S43"), pytest.mark.promise("S53")]

CHECK = "/envoy.service.auth.v3.Authorization/Check"
KINDS = {
    (False, False): "unary_unary",
    (False, True): "unary_stream",
    (True, False): "stream_unary",
    (True, True): "stream_stream",
}


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a service, and what is sent to it."""

    service: str
    name: str
    kind: str
    input: str

    @property
    def allow(self) -> Allow:
        policy = importlib.import_module(f"services.{self.service}.policy").POLICY
        found: Allow = policy[self.name]
        return found

    @property
    def short_names(self) -> tuple[str, str]:
        short = self.name.rpartition("/")[2]
        return short, f"{self.service}/{short}"

    @property
    def caller(self) -> str:
        callers = self.allow.callers
        return GATEWAY if GATEWAY in callers else min(callers)


@cache
def methods() -> tuple[Method, ...]:
    """Every method of every service, from the descriptors; Envoy's own is the only one besides."""
    ours = [
        Method(
            service,
            each.full_name,
            KINDS[each.request_streaming, each.response_streaming],
            each.input.full_name,
        )
        for each in contracts.methods()
        for service in each.services
    ]
    return (*ours, Method("auth", CHECK, "unary_unary", ext.CheckRequest.DESCRIPTOR.full_name))


@cache
def largest_requests(method: Method) -> tuple[list[Message], ...]:
    """What is sent to a method, call by call; in one call of a stream the alternatives follow each other."""
    if method.name == CHECK:
        return ([check_request()],)
    found = largest(method.input)
    if method.name.endswith("/CompareHistory"):
        for each in found:
            # A settlement would make the ledger take this history for auth's, and auth could not start again.
            each.ClearField("settlement")
    calls = [found] if method.kind.startswith("stream") else [[each] for each in found]
    return (*calls, *([each] for each in longest_lists_of_nothing(method.input)))


def check_request() -> Message:
    """Return what the edge asks of auth for a request with as many headers as it lets in."""
    value = "x" * (MAX_HEADERS_KB * 1024 // MAX_HEADERS)
    headers = {f"x-{number}": value for number in range(MAX_HEADERS)} | {
        "authorization": f"Bearer {value * 40}"
    }
    http = ext.AttributeContext.HttpRequest(method="GET", path=f"/v1/{value * 40}", headers=headers)
    return ext.CheckRequest(attributes=ext.AttributeContext(request=ext.AttributeContext.Request(http=http)))


class Sender:
    """Sends requests to the services' own ports, as the gateway or another service would."""

    def __init__(self, stack: Stack, person: Person, account: str) -> None:
        self.stack = stack
        self._person = person
        self._account = account
        self._open = AsyncExitStack()
        self._channels: dict[tuple[str, str], grpc.aio.Channel] = {}

    async def __aenter__(self) -> "Sender":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def send(self, method: Method, requests: Sequence[Message]) -> str:
        """Call a method; return the reason of its refusal, or OK."""
        through = await self._channel(method.service, method.caller)
        call: Any = getattr(through, method.kind)(
            method.name, request_serializer=lambda message: message.SerializeToString()
        )
        sent: Any = _each(requests) if method.kind.startswith("stream") else requests[0]
        try:
            started = call(sent, metadata=await self._proof(method.allow), timeout=PATIENCE_SECONDS)
            if method.kind.endswith("stream"):
                read = 0
                async for message in started:
                    read += len(message)
                    if read > _MOST_READ:
                        started.cancel()
                        break
            else:
                await started
        except grpc.aio.AioRpcError as error:
            return error_from_rpc(error).reason
        return "OK"

    async def _channel(self, service: str, caller: str) -> grpc.aio.Channel:
        found = self._channels.get((service, caller))
        if found is None:
            found = self._channels[service, caller] = await self._open.enter_async_context(
                channel(self.stack, service, caller)
            )
        return found

    async def _proof(self, allow: Allow) -> tuple[tuple[str, str], ...]:
        match allow.needs:
            case "nothing":
                return ()
            case "export":
                export = signing_pb2.ExportClaims(account=self._account, export="dataExports/none")
                return ((EXPORT_KEY, await self._signed(signing_pb2.SignRequest(export=export))),)
            case "erasure":
                erasure = signing_pb2.ErasureClaims(account="nobody")
                return ((ERASURE_KEY, await self._signed(signing_pb2.SignRequest(erasure=erasure))),)
        return ((PASSPORT_KEY, await passport(self.stack, self._person.token)),)

    async def _signed(self, request: signing_pb2.SignRequest) -> str:
        request.lifetime_seconds = 300
        stub = signing_pb2_grpc.SigningServiceStub(await self._channel("vault", "auth"))
        return str((await stub.Sign(request, timeout=PATIENCE_SECONDS)).token)


async def _each(requests: Sequence[Message]) -> AsyncIterator[Message]:
    for each in requests:
        yield each


def processes(stack: Stack, names: Sequence[str] = SERVICES) -> dict[str, Process]:
    return {name: Process(stack.pids[name]) for name in names}


def too_long(held: dict[str, Held], slack: int) -> dict[str, Held]:
    return {
        name: each
        for name, each in held.items()
        if each.loop > slack * LOOP_SECONDS or each.process > slack * PROCESS_SECONDS
    }


async def judged(among: dict[str, Process], work: Callable[[], Any], *, slack: int) -> dict[str, Held]:
    """Do the work until no loop was held up for too long; return those that always were."""
    failed: dict[str, Held] = {}
    for _ in range(_TRIES):
        async with AsyncExitStack() as watches:
            held = {name: await watches.enter_async_context(each.watched()) for name, each in among.items()}
            await work()
        failed = too_long(held, slack)
        if not failed:
            break
    return failed


def test_every_method_of_every_service_is_sent_its_largest_request() -> None:
    for service in SERVICES:
        policy = importlib.import_module(f"services.{service}.policy").POLICY
        assert {each.name for each in methods() if each.service == service} == policy.keys()


@pytest.fixture(scope="module")
async def sender(stack: Stack, person: Person) -> AsyncIterator[Sender]:
    async with Sender(stack, person, "nobody") as opened:
        yield opened


@pytest.mark.parametrize("slack", SLACK)
@pytest.mark.parametrize("service", SHOWN)
async def test_the_largest_request_of_no_method_holds_the_loop_up(
    stack: Stack, sender: Sender, service: str, slack: int
) -> None:
    among = {service: Process(stack.pids[service])}
    slow, said = {}, {}
    for method in methods():

        async def send(method: Method = method) -> None:
            said[method.name] = {await sender.send(method, each) for each in largest_requests(method)}

        if method.service == service and (failed := await judged(among, send, slack=slack)):
            slow[method.name] = failed
    assert not slow
    assert not [name for name, reasons in said.items() if "INTERNAL" in reasons]


@pytest.fixture(scope="module")
def full(stack: Stack, new_person: Callable[[], Person]) -> Iterator[Full]:
    base = stack.provider_url.partition("://")[2].partition("/")[0]
    provider = Provider(base)
    made = full_account.filled(stack, new_person(), provider)
    provider.stop()
    yield made
    full_account.emptied(stack, made)


Send = Callable[[], Awaitable[None]]


def _sends(sender: Sender, full: Full, *, rows: int) -> dict[Method, Send]:
    """Return by method a function that sends what costs most in a full account."""
    wanted = full_account.requests(full, rows=rows)
    assert wanted.keys() <= {name for each in methods() for name in each.short_names}

    def sends(method: Method, requests: Sequence[Message]) -> Send:
        async def send() -> None:
            for each in requests:
                assert await sender.send(method, [each]) in ("OK", "PROMPT_TOO_LARGE"), method.name

        return send

    found = {}
    for method in methods():
        contents = [each for name in method.short_names for each in wanted.get(name, ())]
        if contents:
            message = message_class(method.input)
            found[method] = sends(method, [json_format.ParseDict(each, message()) for each in contents])
    return found


@pytest.mark.parametrize("slack", SLACK)
@pytest.mark.parametrize("rows", [1, pytest.param(10, marks=pytest.mark.long)])
async def test_a_full_account_holds_no_loop_up_and_its_memory_comes_back(
    stack: Stack, full: Full, rows: int, slack: int
) -> None:
    among = processes(stack, (*SHOWN, *WORKERS))
    before = {name: each.resident_bytes() for name, each in among.items()}
    slow = {}
    async with Sender(stack, full.person, full.id) as sender:
        for method, send in _sends(sender, full, rows=rows).items():
            if failed := await judged(among, send, slack=slack):
                slow[method.name] = failed
    assert not slow
    kept = {name: each.resident_bytes() - before[name] for name, each in among.items()}
    assert max(kept.values()) < _KEPT_BYTES, kept


#: A short request of each service.
SMALL = {
    "auth": "/smelt.auth.v1.UserService/GetCurrentUser",
    "vault": "/smelt.vault.v1.ApiKeyService/ListApiKeys",
    "files": "/smelt.files.v1.FileService/GetFileSettings",
    "processor": "/smelt.processor.v1.JobSettingsService/GetJobSettings",
}
_BESIDE_SECONDS = 0.05


@pytest.mark.long
@pytest.mark.parametrize("service", SERVICES)
async def test_small_requests_of_another_go_on_beside_the_largest(
    stack: Stack, full: Full, new_person: Callable[[], Person], service: str
) -> None:
    """Judged by the clock, so that it needs a quiet machine; the tests above need none."""
    (small,) = (each for each in methods() if each.name == SMALL[service])
    slow = {}
    async with Sender(stack, full.person, full.id) as sender, Sender(stack, new_person(), "") as other:

        async def small_request() -> float:
            began = time.perf_counter()
            assert await other.send(small, [message_class(small.input)()]) == "OK"
            return time.perf_counter() - began

        for method, send in _sends(sender, full, rows=1).items():
            if method.service != service:
                continue
            tries = []
            for _ in range(_TRIES):
                alone = [await small_request() for _ in range(20)]
                sending = asyncio.ensure_future(send())
                beside = [await small_request()]
                while not sending.done():
                    beside.append(await small_request())
                await sending
                tries.append((_most(alone), _most(beside)))
                if tries[-1][1] <= max(2 * tries[-1][0], _BESIDE_SECONDS):
                    break
            else:
                slow[method.name] = tries
    assert not slow


def _most(seconds: Sequence[float]) -> float:
    """Return what nine of ten stay within."""
    return sorted(seconds)[len(seconds) * 9 // 10]
