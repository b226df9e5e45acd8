"""API keys from the vault, one for each provider call, over one stream that all calls of a worker share."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import grpc
from smelt.vault.v1 import api_keys_pb2, release_pb2, release_pb2_grpc

from services.common.errors import RemoteError, Unavailable
from services.common.key_kinds import KeyKind
from services.common.logs import describe, log
from services.common.rpc.errors import error_from_status
from services.processor.outside import Released, Use

#: How long the vault may take for one release. Too short fails releases whose audit record is merely slow,
#: and each retry uses up one more of the grant's releases; too long keeps lanes waiting for a vault that is
#: gone.
ANSWER_SECONDS = 5.0
#: The vault ends a stream after ten minutes. The client replaces its stream a minute earlier, so that no
#: release meets the end; it must stay below the vault's limit by more than one answer takes.
STREAM_SECONDS = 540.0
#: The most asks in one message; the vault takes no more.
MOST_ASKS = 256
_SWEEP_SECONDS = 0.5
_FIRST_BACKOFF_SECONDS = 0.1
_LONGEST_BACKOFF_SECONDS = 2.0


@dataclass(slots=True)
class _Stream:
    """One open stream: the asks still to be sent, and the calls that wait for each answer."""

    opened: float
    asks: "asyncio.Queue[release_pb2.ApiKeyAsk | None]" = field(default_factory=asyncio.Queue)
    waiting: dict[int, tuple[float, "asyncio.Future[Released]"]] = field(default_factory=dict)
    shown: set[bytes] = field(default_factory=set)
    closing: bool = False


class ReleaseClient:
    """Asks the vault for API keys. A lost stream fails its waiting calls; the next request opens another."""

    def __init__(self, channel: grpc.aio.Channel, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stub = release_pb2_grpc.KeyReleaseServiceStub(channel)
        self._clock = clock
        self._stream: _Stream | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._digests: dict[str, bytes] = {}
        self._next_id = 0
        self._failures = 0
        self._not_before = 0.0

    async def release(self, grant: str, use: Use) -> Released:
        """Return the key for one call; raise the vault's refusal, or Unavailable if it does not answer."""
        digest = self._digest(grant)
        stream = await self._open()
        known = digest in stream.shown
        try:
            return await self._ask(stream, grant, digest, use)
        except RemoteError as error:
            # The vault forgets a grant if the stream has shown it many others since.
            if error.reason != "GRANT_INVALID" or not known:
                raise
        stream.shown.discard(digest)
        return await self._ask(stream, grant, digest, use)

    async def _ask(self, stream: _Stream, grant: str, digest: bytes, use: Use) -> Released:
        self._next_id += 1
        id_ = self._next_id
        answer: asyncio.Future[Released] = asyncio.get_running_loop().create_future()
        stream.waiting[id_] = (self._clock() + ANSWER_SECONDS, answer)
        ask = release_pb2.ApiKeyAsk(
            id=id_,
            grant_sha256=digest,
            row=use.row,
            template=use.template,
            claim=use.claim,
            attempt=use.attempt,
        )
        if digest not in stream.shown:
            stream.shown.add(digest)
            ask.grant = grant
        stream.asks.put_nowait(ask)
        try:
            return await answer
        finally:
            stream.waiting.pop(id_, None)

    async def close(self) -> None:
        """End the stream; waiting calls fail."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _digest(self, grant: str) -> bytes:
        digest = self._digests.get(grant)
        if digest is None:
            if len(self._digests) > 1000:
                self._digests.clear()
            digest = self._digests[grant] = hashlib.sha256(grant.encode()).digest()
        return digest

    async def _open(self) -> _Stream:
        stream = self._stream
        if stream is not None and not stream.closing and self._clock() - stream.opened < STREAM_SECONDS:
            return stream
        # After a failure, no stream is opened before the pause is over; all callers wait for it together.
        if (pause := self._not_before - self._clock()) > 0:
            await asyncio.sleep(pause)
        stream = self._stream
        if stream is None or stream.closing or self._clock() - stream.opened >= STREAM_SECONDS:
            if stream is not None:
                self._retire(stream)
            stream = self._stream = _Stream(opened=self._clock())
            task = asyncio.ensure_future(self._run(stream))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return stream

    def _retire(self, stream: _Stream) -> None:
        """Let a stream end once its answers have arrived."""
        if not stream.closing:
            stream.closing = True
            stream.asks.put_nowait(None)

    async def _run(self, stream: _Stream) -> None:
        call = self._stub.ReleaseApiKeys(gathered(stream.asks), timeout=STREAM_SECONDS + 30)
        sweeper = asyncio.ensure_future(self._sweep(stream))
        try:
            async for message in call:
                self._failures = 0
                self._answered(stream, message)
        except grpc.aio.AioRpcError as error:
            # The deadline ended a stream that no call was using; that is no failure.
            if stream.waiting or error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                log.warning("release.stream_lost", code=error.code().name, waiting=len(stream.waiting))
                self._back_off()
        except Exception as error:  # noqa: BLE001  waiting calls must fail, whatever went wrong
            log.error("release.stream_failed", **describe(error))
            self._back_off()
        finally:
            stream.closing = True
            sweeper.cancel()
            call.cancel()
            for _, answer in stream.waiting.values():
                if not answer.done():
                    answer.set_exception(Unavailable())

    def _back_off(self) -> None:
        self._failures += 1
        pause = min(_FIRST_BACKOFF_SECONDS * 2.0 ** min(self._failures - 1, 8), _LONGEST_BACKOFF_SECONDS)
        self._not_before = self._clock() + pause

    def _answered(self, stream: _Stream, message: release_pb2.ReleaseApiKeysResponse) -> None:
        keys = [_released(key) for key in message.keys]
        for told in message.answers:
            waiting = stream.waiting.get(told.id)
            if waiting is None or waiting[1].done():
                continue
            if told.WhichOneof("outcome") == "key":
                waiting[1].set_result(keys[told.key])
            else:
                waiting[1].set_exception(error_from_status(told.refused))

    async def _sweep(self, stream: _Stream) -> None:
        """Fail calls that wait too long, with one timer for all instead of one per call."""
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(_SWEEP_SECONDS)
                now = self._clock()
                for deadline, answer in list(stream.waiting.values()):
                    if deadline < now and not answer.done():
                        answer.set_exception(Unavailable())


def _released(said: release_pb2.ReleasedApiKey) -> Released:
    # A vault from before there were kinds says none.
    kind = KeyKind(api_keys_pb2.ApiKey.Kind.Name(said.kind)) if said.kind else KeyKind.OPENAI
    return Released(said.secret, said.base_url, kind, said.timeout_seconds)


async def gathered(
    asks: "asyncio.Queue[release_pb2.ApiKeyAsk | None]",
) -> AsyncIterator[release_pb2.ReleaseApiKeysRequest]:
    """Yield all that gathered while the last message was sent, as one message, until None comes."""
    while (ask := await asks.get()) is not None:
        message = release_pb2.ReleaseApiKeysRequest(asks=[ask])
        while len(message.asks) < MOST_ASKS and not asks.empty():
            if (ask := asks.get_nowait()) is None:
                yield message
                return
            message.asks.append(ask)
        yield message
