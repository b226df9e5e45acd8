"""Batches at a provider: files that are uploaded, batches that are made of them, looked at and cancelled.

Every call gets the API key that was released for it. What a provider says is bounded, and leaves here only
through the door: ids that show the key are no ids, words are cut as those of refusals are.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NoReturn

import aiohttp
import orjson
import yarl

from services.common.aside import aside
from services.common.key_kinds import KeyKind
from services.processor.provider.addresses import Endpoints, Resolver
from services.processor.provider.batch_lines import Cutter
from services.processor.provider.connections import session_of
from services.processor.provider.door import LOOP_BYTES, let_refusal_pass
from services.processor.provider.exchange import OWN_HEADERS, Limits
from services.processor.provider.failures import (
    BATCH_REFUSED,
    BATCHES_UNSUPPORTED,
    KEY_UNSENDABLE,
    MALFORMED,
    NOT_CONNECTED,
    TIMED_OUT,
    TOO_LARGE,
    UNREACHABLE,
    Failure,
    Verdict,
)
from services.processor.provider.provider import key_header
from services.processor.provider.seen_batches import SeenBatch, seen_batch, seen_batches, seen_files
from services.processor.provider.unpacking import Unpacker, UnpackingFailed

#: How long an upload or a download may take. Too short fails batches over slow lines; too long keeps a
#: worker's place for an endpoint that trickles.
TRANSFER_SECONDS = 600.0
#: The largest answer about batches that is read: a list of a hundred has a kilobyte for each.
_ANSWER_BYTES = 1024 * 1024
_REFUSAL_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024
#: Pages of a list that are looked through for a batch that was made shortly before.
_MOST_PAGES = 10
_PAGE = 100
_UNKNOWN = (404, 405, 501)
#: What is over cannot be cancelled.
_OVER = 409


class BatchCallFailed(Exception):
    """A call about a batch has no usable answer; `failure` says what follows."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Place:
    """An endpoint, and the API key that was released for one call to it."""

    base_url: str
    secret: bytes
    account: str
    kind: KeyKind = KeyKind.OPENAI

    def __repr__(self) -> str:
        return f"Place({self.base_url!r})"


class Batches:
    """Calls about batches. A worker has one, made inside its event loop; all raise AddressNotAllowed."""

    def __init__(self, endpoints: Endpoints, limits: Limits, *, resolver: Resolver | None = None) -> None:
        self._endpoints = endpoints
        self._limits = limits
        self._session = session_of(endpoints, resolver)

    async def upload(self, place: Place, name: str, lines: Sequence[bytes]) -> str:
        """Upload the requests of a batch under a file name; return the provider's id of the file."""
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
            f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n'
            "content-type: application/jsonl\r\n\r\n"
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        size = len(head) + sum(map(len, lines)) + len(tail)
        said = await self._json(
            place,
            "POST",
            "/files",
            data=_pieces([head, *lines, tail]),
            headers={
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "Content-Length": str(size),
            },
            seconds=TRANSFER_SECONDS,
        )
        files = seen_files({"data": [said]}, place.secret)
        return next(iter(files)) if files else _fail(MALFORMED)

    async def make(self, place: Place, file: str, mark: str) -> SeenBatch:
        """Make a batch of an uploaded file; it can be found by its mark."""
        body = {
            "input_file_id": file,
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "metadata": {"smelt_batch": mark},
        }
        said = await self._json(
            place,
            "POST",
            "/batches",
            data=orjson.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        return seen_batch(said, place.secret) or _fail(MALFORMED)

    async def find(self, place: Place, mark: str) -> list[SeenBatch]:
        """Return the batches with a mark, looking through the newest thousand."""
        found, after = [], ""
        for _ in range(_MOST_PAGES):
            path = f"/batches?limit={_PAGE}" + (f"&after={after}" if after else "")
            batches, more = seen_batches(await self._json(place, "GET", path), place.secret)
            found += [each for each in batches if each.mark == mark]
            if found or not more or not batches or batches[-1].id == after:
                break
            after = batches[-1].id
        return found

    async def find_files(self, place: Place, name: str) -> list[str]:
        """Return the ids of uploaded files with a name, as far as the newest show them."""
        said = await self._json(place, "GET", "/files?purpose=batch&limit=100")
        return [id_ for id_, called in seen_files(said, place.secret).items() if called == name]

    async def read(self, place: Place, id_: str) -> SeenBatch | None:
        """Return a batch as it stands; None if the provider does not know it."""
        said = await self._json(place, "GET", f"/batches/{id_}", is_known=False)
        return None if said is None else seen_batch(said, place.secret) or _fail(MALFORMED)

    async def cancel(self, place: Place, id_: str) -> None:
        """Cancel a batch; one that is over or unknown is left as it is."""
        try:
            await self._json(place, "POST", f"/batches/{id_}/cancel", is_known=False)
        except BatchCallFailed as error:
            if error.failure.reason != BATCH_REFUSED.reason:
                raise

    async def delete_file(self, place: Place, id_: str) -> None:
        """Delete a file; one that is gone already is fine."""
        await self._json(place, "DELETE", f"/files/{id_}", is_known=False)

    async def lines(self, place: Place, id_: str, *, most_bytes: int) -> AsyncGenerator[bytes]:
        """Yield the lines of a file as they come; none if it is gone. Overlong lines are left out."""
        cutter = Cutter(self._limits.answer_bytes + _PIECE_BYTES)
        try:
            async with self._request(place, "GET", f"/files/{id_}/content", TRANSFER_SECONDS) as response:
                if response.status in _UNKNOWN:
                    return
                if response.status != 200:
                    self._refused(place, response, await _bounded(response, _REFUSAL_BYTES))
                unpacker = Unpacker(response.headers.get("Content-Encoding", ""), most_bytes)
                async for piece in response.content.iter_any():
                    for line in cutter.cut(unpacker.unpack(piece)):
                        yield line
                for line in cutter.end():
                    yield line
        except (TimeoutError, aiohttp.ClientError, OSError, UnpackingFailed) as error:
            raise BatchCallFailed(_why(error)) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
        # Transports close one loop iteration after their session.
        await asyncio.sleep(0)

    async def _json(
        self,
        place: Place,
        method: str,
        path: str,
        *,
        data: AsyncIterator[bytes] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
        is_known: bool = True,
    ) -> Any:
        """Return an answer's JSON; for what is not there, None, or a failure if it `is_known` at all."""
        try:
            asked = self._request(
                place, method, path, seconds or self._limits.total_seconds, data=data, headers=headers
            )
            async with asked as response:
                refused = response.status not in (200, 201)
                body = await _bounded(response, _REFUSAL_BYTES if refused else _ANSWER_BYTES)
        except (TimeoutError, aiohttp.ClientError, OSError, UnpackingFailed) as error:
            raise BatchCallFailed(_why(error)) from None
        if response.status in _UNKNOWN:
            return _fail(BATCHES_UNSUPPORTED) if is_known else None
        if response.status == _OVER and not is_known:
            return None
        if refused:
            self._refused(place, response, body)
        try:
            if len(body) <= LOOP_BYTES:
                return orjson.loads(body)
            return await aside(lambda: orjson.loads(body), account=place.account)
        except ValueError:
            raise BatchCallFailed(MALFORMED) from None

    def _request(
        self,
        place: Place,
        method: str,
        path: str,
        seconds: float,
        *,
        data: AsyncIterator[bytes] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        url = self._endpoints.url(place.base_url, place.kind, path)
        try:
            key = key_header(place.kind, place.secret.decode("ascii"))
        except UnicodeDecodeError:
            raise BatchCallFailed(KEY_UNSENDABLE) from None
        return self._session.request(
            method,
            yarl.URL(url, encoded=True),
            headers={**OWN_HEADERS, **key, **(headers or {})},
            data=data,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=self._limits.connect_seconds),
        )

    def _refused(self, place: Place, response: aiohttp.ClientResponse, body: bytes) -> NoReturn:
        failure = let_refusal_pass(
            response.status,
            body,
            response.headers,
            secret=place.secret,
            now=datetime.now(UTC),
            request={},
        )
        if failure.verdict is Verdict.ROW_FAILS:
            failure = replace(BATCH_REFUSED, said=failure.said)
        raise BatchCallFailed(failure)


async def _pieces(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Yield a body in pieces of some size: a line may have two hundred bytes or a megabyte."""
    waiting = bytearray()
    for part in parts:
        if len(waiting) + len(part) > _PIECE_BYTES and waiting:
            yield bytes(waiting)
            waiting.clear()
        for start in range(0, len(part), _PIECE_BYTES):
            waiting += part[start : start + _PIECE_BYTES]
            if len(waiting) >= _PIECE_BYTES:
                yield bytes(waiting)
                waiting.clear()
    if waiting:
        yield bytes(waiting)


async def _bounded(response: aiohttp.ClientResponse, most: int) -> bytes:
    unpacker = Unpacker(response.headers.get("Content-Encoding", ""), most)
    body = bytearray()
    try:
        async for piece in response.content.iter_any():
            body += unpacker.unpack(piece)
    except UnpackingFailed:
        response.close()
        if response.status in (200, 201):
            raise
        # The status of a refusal says enough.
        return b""
    return bytes(body)


def _why(error: BaseException) -> Failure:
    if isinstance(error, TimeoutError):
        return TIMED_OUT
    if isinstance(error, UnpackingFailed):
        return TOO_LARGE
    return NOT_CONNECTED if isinstance(error, aiohttp.ClientConnectorError) else UNREACHABLE


def _fail(failure: Failure) -> NoReturn:
    raise BatchCallFailed(failure)
