"""Files as the processor knows it: it provides rows and stores result files."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator

import grpc
from smelt.files.v1 import files_pb2, files_pb2_grpc, results_pb2, results_pb2_grpc, rows_pb2, rows_pb2_grpc

from services.common.rpc.errors import peer_errors
from services.common.rpc.request_streams import sent
from services.processor.outside import (
    Dialect,
    FileFacts,
    Proof,
    ResultAbout,
    Rows,
    StoredResult,
)

_SECONDS = 10.0
_STREAM_SECONDS = 3600.0
_DELIMITERS = (",", ";", "\t", "|")
# CR CR LF is an accident of writing CR LF twice, which is not repeated.
_LINE_ENDS = {"lf": "\n", "cr": "\r"}


class Files:
    """Reads files, and writes and reads result files."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._files = files_pb2_grpc.FileServiceStub(channel)
        self._rows = rows_pb2_grpc.RowServiceStub(channel)
        self._results = results_pb2_grpc.ResultServiceStub(channel)

    async def facts(self, file: str, proof: Proof) -> FileFacts:
        """Return a file's facts; raise FILE_NOT_FOUND."""
        async with peer_errors():
            found = await self._files.GetFile(
                files_pb2.GetFileRequest(name=file), metadata=proof, timeout=_SECONDS
            )
        return FileFacts(
            name=found.name,
            parse=found.parse,
            row_count=found.row_count,
            columns=tuple(column.name for column in found.columns),
            dialect=_dialect(found),
            guessed_encoding=found.encoding if found.encoding_guessed else "",
            sample_line=found.sample_line,
            display_name=found.display_name,
        )

    async def rows(
        self, file: str, parse: int, *, first: int, count: int, proof: Proof
    ) -> AsyncGenerator[Rows]:
        """Stream a range of rows in batches; raise FILE_NOT_FOUND or FILE_DAMAGED."""
        request = rows_pb2.ReadRowsRequest(file=file, parse=parse, first=first, count=count)
        async with peer_errors():
            call = self._rows.ReadRows(request, metadata=proof, timeout=_STREAM_SECONDS)
            try:
                async for batch in call:
                    yield batch.rows
            finally:
                call.cancel()

    async def check(self, file: str, proof: Proof) -> None:
        """Return if a file is there; raise FILE_NOT_FOUND."""
        async with peer_errors():
            await self._rows.CheckFile(rows_pb2.CheckFileRequest(file=file), metadata=proof, timeout=_SECONDS)

    async def write_result(
        self, about: ResultAbout, pieces: AsyncIterable[bytes], proof: Proof
    ) -> StoredResult:
        """Store a result file whole or not at all; raise RESULT_STALE, or what the pieces raise."""
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

        async with peer_errors(), sent(requests()) as messages:
            stored = await self._results.WriteResult(messages, metadata=proof, timeout=_STREAM_SECONDS)
        return StoredResult(stored.size_bytes, stored.sha256, stored.row_count)

    async def delete_results(self, job: str, proof: Proof) -> None:
        """Remove every result file of a job; repeating it is harmless."""
        request = results_pb2.DeleteResultsRequest(job=job)
        async with peer_errors():
            await self._results.DeleteResults(request, metadata=proof, timeout=_SECONDS)

    async def read_result(self, job: str, variant: str, proof: Proof) -> AsyncIterator[StoredResult | bytes]:
        """Stream a result file: first its facts, then its pieces; raise RESULT_NOT_FOUND or FILE_DAMAGED."""
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


def _dialect(file: files_pb2.File) -> Dialect:
    """Return how a file is written, as far as its result can be: results are always in UTF-8.

    A file in another encoding comes back with a mark, so that spreadsheets see that it is UTF-8 now.
    """
    return Dialect(
        delimiter=file.delimiter if file.delimiter in _DELIMITERS else ",",
        byte_order_mark=file.byte_order_mark or file.encoding not in ("", "utf-8"),
        line_end=_LINE_ENDS.get(file.line_end, "\r\n"),
        quotes_all=file.quoting == "all",
    )
