"""The services that the processor asks: files for rows and results, the vault for keys, auth for grants."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

import grpc
from smelt.auth.v1 import grants_pb2, grants_pb2_grpc
from smelt.files.v1 import files_pb2, files_pb2_grpc, results_pb2, results_pb2_grpc, rows_pb2, rows_pb2_grpc
from smelt.vault.v1 import (
    api_keys_pb2,
    api_keys_pb2_grpc,
    data_keys_pb2,
    data_keys_pb2_grpc,
    release_pb2,
    release_pb2_grpc,
)

from services.common import identity
from services.common.grpc_errors import peer_errors
from services.common.identity import Passport
from services.processor.job import JOB_KEY_GENERATION

#: Metadata that proves for whom a call is made.
Proof = tuple[tuple[str, str], ...]
_SECONDS = 10.0
_STREAM_SECONDS = 3600.0


def as_person(person: Passport) -> Proof:
    """Return the proof of somebody who is here."""
    return identity.metadata(person, identity.current_call().request_id)


def by_grant(token: str) -> Proof:
    """Return the proof of work that goes on without its owner."""
    return ((identity.GRANT_KEY, token),)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a job needs to know of a file."""

    name: str
    parse: int
    row_count: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What may be known of an API key before it is used."""

    name: str
    base_url: str


@dataclass(frozen=True, slots=True)
class DataKey:
    """A job's data key and the form in which it is kept."""

    key: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class MintedGrant:
    """Leave to run one job."""

    token: str
    id: str
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class GrantScope:
    """What a job's grant allows."""

    job: str
    file: str
    parse: int
    api_key: str
    first_row: int
    last_row: int
    template_count: int
    release_budget: int
    purpose: Literal["JOB", "TEMPLATE_TEST"] = "JOB"


@dataclass(frozen=True, slots=True)
class ResultAbout:
    """Which result file is written; a later fence replaces an earlier one's file."""

    job: str
    variant: str
    fence: int
    row_count: int
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class StoredResult:
    """Facts of a result file."""

    size_bytes: int
    sha256: str
    row_count: int


Rows = Sequence[files_pb2.Row]


class Files:
    """Files and results."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._files = files_pb2_grpc.FileServiceStub(channel)
        self._rows = rows_pb2_grpc.RowServiceStub(channel)
        self._results = results_pb2_grpc.ResultServiceStub(channel)

    async def facts(self, file: str, proof: Proof) -> FileFacts:
        """Return a file's facts; FILE_NOT_FOUND."""
        async with peer_errors():
            found = await self._files.GetFile(
                files_pb2.GetFileRequest(name=file), metadata=proof, timeout=_SECONDS
            )
        return FileFacts(
            name=found.name,
            parse=found.parse,
            row_count=found.row_count,
            columns=tuple(column.name for column in found.columns),
        )

    async def rows(
        self, file: str, parse: int, *, first: int, count: int, proof: Proof
    ) -> AsyncGenerator[Rows]:
        """Stream a range of rows in batches; FILE_NOT_FOUND, FILE_DAMAGED."""
        request = rows_pb2.ReadRowsRequest(file=file, parse=parse, first=first, count=count)
        async with peer_errors():
            call = self._rows.ReadRows(request, metadata=proof, timeout=_STREAM_SECONDS)
            try:
                async for batch in call:
                    yield batch.rows
            finally:
                call.cancel()

    async def write_result(
        self, about: ResultAbout, pieces: AsyncIterable[bytes], proof: Proof
    ) -> StoredResult:
        """Store a result file whole or not at all; RESULT_STALE."""
        header = results_pb2.WriteResultRequest.Header(
            job=about.job,
            variant=about.variant,
            fence=about.fence,
            temporary=about.temporary,
            row_count=about.row_count,
        )

        async def requests() -> AsyncIterator[results_pb2.WriteResultRequest]:
            yield results_pb2.WriteResultRequest(header=header)
            async for piece in pieces:
                yield results_pb2.WriteResultRequest(data=piece)

        async with peer_errors():
            stored = await self._results.WriteResult(requests(), metadata=proof, timeout=_STREAM_SECONDS)
        return StoredResult(stored.size_bytes, stored.sha256, stored.row_count)

    async def delete_results(self, job: str, proof: Proof) -> None:
        """Remove every result file of a job; repeating it is harmless."""
        request = results_pb2.DeleteResultsRequest(job=job)
        async with peer_errors():
            await self._results.DeleteResults(request, metadata=proof, timeout=_SECONDS)

    async def read_result(self, job: str, variant: str, proof: Proof) -> AsyncIterator[StoredResult | bytes]:
        """Stream a result file: first its facts, then its pieces; RESULT_NOT_FOUND, FILE_DAMAGED."""
        request = results_pb2.ReadResultRequest(job=job, variant=variant)
        async with peer_errors():
            call = self._results.ReadResult(request, metadata=proof, timeout=_STREAM_SECONDS)
            try:
                async for message in call:
                    if message.WhichOneof("part") == "result":
                        result = message.result
                        yield StoredResult(result.size_bytes, result.sha256, result.row_count)
                    else:
                        yield message.data
            finally:
                call.cancel()


class Vault:
    """Keys: what they are called, the data keys of jobs, and the end of a grant."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._directory = api_keys_pb2_grpc.ApiKeyDirectoryServiceStub(channel)
        self._data_keys = data_keys_pb2_grpc.DataKeyServiceStub(channel)
        self._release = release_pb2_grpc.KeyReleaseServiceStub(channel)

    async def describe_key(self, name: str, proof: Proof) -> KeyFacts:
        """Return the named key's facts, or the active one's; API_KEY_NOT_FOUND, NO_API_KEY."""
        async with peer_errors():
            found = await self._directory.DescribeApiKey(
                api_keys_pb2.DescribeApiKeyRequest(name=name), metadata=proof, timeout=_SECONDS
            )
        return KeyFacts(found.name, found.base_url)

    async def record_key_test(self, name: str, result: str, proof: Proof) -> datetime:
        """Put a test's result on a key of the person, and return when that was; API_KEY_NOT_FOUND."""
        request = api_keys_pb2.RecordKeyTestRequest(name=name, result=result)
        async with peer_errors():
            noted = await self._directory.RecordKeyTest(request, metadata=proof, timeout=_SECONDS)
        time: datetime = noted.test_time.ToDatetime(UTC)
        return time

    async def create_data_key(self, job: str, proof: Proof) -> DataKey:
        """Return a new data key for a job."""
        request = data_keys_pb2.CreateDataKeyRequest(context=_context(job))
        async with peer_errors():
            made = await self._data_keys.CreateDataKey(request, metadata=proof, timeout=_SECONDS)
        return DataKey(made.key, made.wrapped_key)

    async def open_data_key(self, job: str, wrapped: bytes, proof: Proof) -> bytes:
        """Return a job's data key; DATA_KEY_INVALID."""
        request = data_keys_pb2.OpenDataKeyRequest(context=_context(job), wrapped_key=wrapped)
        async with peer_errors():
            opened = await self._data_keys.OpenDataKey(request, metadata=proof, timeout=_SECONDS)
        key: bytes = opened.key
        return key

    async def revoke_grant(self, grant_id: str, account: str) -> None:
        """End a grant; repeating it is harmless."""
        request = release_pb2.RevokeGrantRequest(grant_id=grant_id, account=account)
        async with peer_errors():
            await self._release.RevokeGrant(request, timeout=_SECONDS)


class Auth:
    """Grants."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._grants = grants_pb2_grpc.GrantServiceStub(channel)

    async def mint_grant(self, scope: GrantScope, proof: Proof) -> MintedGrant:
        """Return a grant for the person behind the proof; UNAUTHENTICATED."""
        request = grants_pb2.MintJobGrantRequest(**asdict(scope))
        async with peer_errors():
            minted = await self._grants.MintJobGrant(request, metadata=proof, timeout=_SECONDS)
        return MintedGrant(minted.grant, minted.grant_id, minted.expire_time.ToDatetime(UTC))

    async def mint_test_grant(self, api_key: str, proof: Proof) -> str:
        """Return a grant for one release of one key of the person behind the proof; UNAUTHENTICATED."""
        request = grants_pb2.MintJobGrantRequest(
            purpose=grants_pb2.MintJobGrantRequest.KEY_TEST, api_key=api_key, release_budget=1
        )
        async with peer_errors():
            minted = await self._grants.MintJobGrant(request, metadata=proof, timeout=_SECONDS)
        token: str = minted.grant
        return token


def _context(job: str) -> data_keys_pb2.DataKeyContext:
    return data_keys_pb2.DataKeyContext(
        purpose=data_keys_pb2.DataKeyContext.JOB, object=job, generation=JOB_KEY_GENERATION
    )
