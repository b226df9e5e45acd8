"""The guard before every method: it checks the caller, the token and the request, and shapes errors.

It also keeps each account to its share of what the replica has under way.

It wraps all four kinds of RPC. It checks unary requests against their contract's rules; servicers check the
messages of request streams. A service may add two hooks: one that can refuse a call before it starts, and one
that records a call after it has ended.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
import protovalidate
from google.protobuf.message import Message
from grpc_status import rpc_status

from services.common import database, identity
from services.common.errors import (
    CallerNotAllowed,
    DomainError,
    InvalidRequest,
    Unauthenticated,
    Unavailable,
)
from services.common.identity import (
    Allow,
    Call,
    Policy,
)
from services.common.logs import describe, log
from services.common.metrics import RPC_SECONDS, STREAM_SECONDS
from services.common.rpc import bounds, downloads, readable
from services.common.rpc.errors import code_of, error_from_rpc, status_of, trailing_metadata
from services.common.rpc.hearing_out import Heard, HearingOut
from services.common.rpc.open_streams import OpenStreams
from services.common.rpc.pages import KnownPageKey, PageKeySource, Pages
from services.common.rpc.servicing import Context
from services.common.rpc.shares import Shares
from services.common.rpc.tls import workload
from services.common.tokens import Kind, TokenVerifier

#: Of a request with more values only the first violation is told: finding all of them takes its time.
_MOST_COLLECTED = 100
_HEALTH = "/grpc.health.v1.Health/"


def check(message: Message) -> None:
    """Raise InvalidRequest naming the fields that break their contract's rules; of large requests the first.

    Costs a few milliseconds at most, whatever was sent.
    """
    try:
        large = bounds.count(message) > _MOST_COLLECTED
    except bounds.TooMuch as error:
        raise InvalidRequest(violations=[(error.field, error.why)]) from None
    violations = protovalidate.collect_violations(message, fail_fast=large)
    if violations:
        raise InvalidRequest(
            violations=[(_path(violation), violation.proto.message) for violation in violations]
        )


def _path(violation: protovalidate.Violation) -> str:
    where = violation.proto.field
    if where is None:
        return ""
    return ".".join(part.field_name for part in where.elements)


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that was answered or refused. `caller` is the caller's short name, empty for an unknown caller.

    `admitted` says whether the call passed the checks of caller and token. For streams, request and answer
    are None.
    """

    method: str
    caller: str
    admitted: bool
    request: Message | None = None
    answer: Message | None = None
    error: Exception | None = None

    @property
    def outcome(self) -> str:
        """`ok`, or the reason of the refusal."""
        if self.error is None:
            return "ok"
        return self.error.reason if isinstance(self.error, DomainError) else DomainError.reason


#: Called with the method before each admitted call, and before each message of a response stream. It refuses
#: by raising a DomainError.
May = Callable[[str], None]
#: Called after each call, before its answer is sent. It must not wait and must not raise.
Note = Callable[[Ended], None]


def always(_: str) -> None:
    """Refuse nothing: for a service without a rule of its own."""


def nothing(_: Ended) -> None:
    """Record nothing: for a service that keeps no record of calls."""


class Guard(grpc.aio.ServerInterceptor):
    """Checks the caller, the token and the request of each call."""

    def __init__(
        self,
        policy: Policy,
        verifier: TokenVerifier,
        *,
        may: May = always,
        note: Note = nothing,
        streams: OpenStreams | None = None,
        pages: PageKeySource | None = None,
    ) -> None:
        self._policy = policy
        self._verifier = verifier
        self._may = may
        self._note = note
        self._streams = streams
        self._shares = Shares()
        self._pages = Pages(KnownPageKey() if pages is None else pages)
        self._hearing = HearingOut()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        details: grpc.HandlerCallDetails,
    ) -> Any:
        handler: Any = await continuation(details)
        if handler is None:
            return None
        method = details.method
        allow = self._policy.get(method)
        if allow is None and method.startswith(_HEALTH):
            # Every process may know whether a peer stays.
            allow = Allow(*identity.WORKLOADS)
        makers: dict[tuple[bool, bool], Any] = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }
        make = makers[handler.request_streaming, handler.response_streaming]
        # A service that refuses everything else still answers health checks.
        may = always if method.startswith(_HEALTH) else self._may
        inner = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
        wrap = self._stream if handler.response_streaming else self._single
        serializer = handler.response_serializer
        # Health is watched by processes, and ends with no session.
        streams = None if method.startswith(_HEALTH) else self._streams
        if streams is not None and handler.response_streaming:
            inner = streams.answers(inner)
        elif streams is not None and handler.request_streaming:
            inner = streams.requests(inner)
        if downloads.is_download(method):
            # Its messages are bytes already.
            inner, serializer = downloads.breaking_off(inner), None
        return make(
            wrap(method, allow, inner, may=may, unary_request=not handler.request_streaming),
            readable.marking(handler.request_deserializer),
            serializer,
        )

    def _single(
        self, method: str, allow: Allow | None, inner: Any, *, may: May, unary_request: bool
    ) -> Callable[[Any, Context], Awaitable[Any]]:
        async def answer(request: Any, context: Context) -> Any:
            started = time.perf_counter()
            code = "OK"
            caller, admitted = workload(context), False
            asked = None
            heard = None
            if not unary_request:
                request = readable.each(request)
                if allow is not None and allow.hears_out:
                    request = heard = Heard(request)
            try:
                call = await self._admit(method, allow, context, caller)
                admitted = True
                async with self._share(call, allow, short=unary_request):
                    if unary_request:
                        readable.check(request)
                        asked = request
                        check(request)
                        await self._pages.open(request, method, allow)
                    may(method)
                    said = await inner(request, context)
                    if unary_request:
                        await self._pages.seal(said, request, method, allow)
                self._note(Ended(method, caller or "", admitted, asked, said))
                return said
            except (Exception, asyncio.CancelledError) as caught:  # noqa: BLE001  each gets one of our shapes
                error = _failure(caught)
                self._note(Ended(method, caller or "", admitted, asked, error=error))
                if heard is not None and caller == identity.GATEWAY:
                    await self._hearing.rest(heard, error, client_address=_client_address(context))
                error = _shaped(method, error)
                code = code_of(error)
                await refuse(context, error)
            finally:
                if heard is not None:
                    await heard.close()
                RPC_SECONDS.labels(method=method, code=code).observe(time.perf_counter() - started)

        return answer

    def _stream(
        self, method: str, allow: Allow | None, inner: Any, *, may: May, unary_request: bool
    ) -> Callable[[Any, Context], AsyncIterator[Any]]:
        async def answer(request: Any, context: Context) -> AsyncIterator[Any]:
            started = time.perf_counter()
            # What nobody catches here is the caller who leaves.
            code = "CANCELLED"
            caller, admitted = workload(context), False
            try:
                call = await self._admit(method, allow, context, caller)
                admitted = True
                async with self._share(call, allow, short=False):
                    if unary_request:
                        readable.check(request)
                        check(request)
                    else:
                        request = readable.each(request)
                    may(method)
                    async with aclosing(inner(request, context)) as messages:
                        async for message in messages:
                            # From the moment of a refusal, a stream that was open before sends nothing more.
                            may(method)
                            yield message
                            if identity.current_call().is_head:
                                break
                code = "OK"
                self._note(Ended(method, caller or "", admitted))
            except (Exception, asyncio.CancelledError) as caught:  # noqa: BLE001  each gets one of our shapes
                error = _failure(caught)
                self._note(Ended(method, caller or "", admitted, error=error))
                error = _shaped(method, error)
                code = code_of(error)
                await refuse(context, error)
            finally:
                STREAM_SECONDS.labels(method=method, code=code).observe(time.perf_counter() - started)

        return answer

    @asynccontextmanager
    async def _share(self, call: Call, allow: Allow | None, *, short: bool) -> AsyncIterator[None]:
        if allow is not None and allow.at_once is not None:
            with self._shares.slow(call, allow.at_once):
                yield
        elif short:
            async with self._shares.short(call):
                yield
        else:
            with self._shares.stream(call):
                yield

    async def _admit(self, method: str, allow: Allow | None, context: Context, caller: str | None) -> Call:
        if allow is None or caller is None or caller not in allow.callers:
            log.warning("rpc.caller_refused", method=method, caller=caller)
            raise CallerNotAllowed
        entries = _entries(context)
        call = Call(
            method=method,
            caller=caller,
            request_id=entries.get("x-request-id", ""),
            idempotency_key=entries.get("idempotency-key", ""),
            client_address=entries.get(identity.CLIENT_ADDRESS_KEY, ""),
            user_agent=entries.get("x-smelt-user-agent", ""),
            is_head=entries.get("x-smelt-method") == "HEAD",
            **await self._behind(allow, entries),
        )
        identity.enter(call)
        return call

    async def _behind(self, allow: Allow, entries: Mapping[str, str]) -> dict[str, Any]:
        if allow.needs == "nothing":
            return {}
        if allow.needs == "erasure":
            token = entries.get(identity.ERASURE_KEY, "")
            return {"erasure": identity.erasure_from(await self._verifier.verify(Kind.ERASURE, token), token)}
        if allow.needs == "export" or (allow.needs == "key proof" and identity.EXPORT_KEY in entries):
            token = entries.get(identity.EXPORT_KEY, "")
            return {"export": identity.export_from(await self._verifier.verify(Kind.EXPORT, token), token)}
        if allow.needs in ("proof", "key proof") and (token := entries.get(identity.GRANT_KEY, "")):
            return {"grant": identity.grant_from(await self._verifier.verify(Kind.GRANT, token), token)}
        token = entries.get(identity.PASSPORT_KEY, "")
        if not token:
            raise Unauthenticated
        person = identity.passport_from(await self._verifier.verify(Kind.PASSPORT, token), token)
        person.require(allow.scope)
        return {"passport": person}


def _entries(context: Context) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


def _client_address(context: Context) -> str:
    return _entries(context).get(identity.CLIENT_ADDRESS_KEY, "")


def _failure(error: BaseException) -> Exception:
    """Return the error to answer with; raise the cancellation of this call itself.

    Something that the call waited for may have been cancelled instead, as at a stop. gRPC would take that for
    the call's own cancellation and never answer.
    """
    if isinstance(error, Exception):
        return error
    task = asyncio.current_task()
    if task is None or task.cancelling():
        raise error
    return Unavailable()


def _shaped(method: str, error: Exception) -> Exception:
    """Return the error of ours that one stands for; an internal error becomes a fixed text."""
    if isinstance(error, grpc.aio.AbortError):
        return error
    if isinstance(error, grpc.aio.AioRpcError):
        error = error_from_rpc(error)
    if database.is_outage(error):
        # The request is not at fault when Postgres restarts: a later attempt succeeds.
        log.warning("database.unavailable", method=method, **describe(error))
        error = Unavailable()
    if not isinstance(error, DomainError):
        log.error("rpc.failed", method=method, **describe(error))
        error = DomainError()
    return error


async def refuse(context: Context, error: Exception) -> NoReturn:
    """End a call with the status that the error stands for."""
    if not isinstance(error, DomainError):
        raise error
    status = rpc_status.to_status(status_of(error))
    # Set together: the status brings its own trailing metadata and would replace ours.
    await context.abort_with_status(
        status._replace(trailing_metadata=(*status.trailing_metadata, *trailing_metadata(error)))
    )
    raise asyncio.CancelledError  # abort never returns
