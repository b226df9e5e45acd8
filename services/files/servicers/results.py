"""ResultService: result files of jobs, for the processor."""

from collections.abc import AsyncIterator

from smelt.files.v1 import results_pb2, results_pb2_grpc

from services.common import identity
from services.common.errors import InvalidRequest
from services.common.rpc.guard import check
from services.common.rpc.servicing import Context
from services.files.results.results import NewResult, Results, StoredResult


class ResultServicer(results_pb2_grpc.ResultServiceServicer):
    """Result files of the job in a grant, or of a person's own jobs."""

    def __init__(self, results: Results) -> None:
        self._results = results

    async def WriteResult(
        self, requests: AsyncIterator[results_pb2.WriteResultRequest], context: Context
    ) -> results_pb2.Result:
        proof = identity.proof(context)
        first = await anext(requests, None)
        if first is None or first.WhichOneof("part") != "header":
            raise InvalidRequest(violations=[("header", "must come first")])
        check(first)
        new = NewResult(
            job=first.header.job,
            variant=first.header.variant,
            fence=first.header.fence,
            temporary=first.header.temporary,
            row_count=first.header.row_count,
        )
        return to_proto(await self._results.write(proof, new, _data(requests)))

    async def ReadResult(
        self, request: results_pb2.ReadResultRequest, context: Context
    ) -> AsyncIterator[results_pb2.ReadResultResponse]:
        result, pieces = await self._results.read(identity.proof(context), request.job, request.variant)
        yield results_pb2.ReadResultResponse(result=to_proto(result))
        async for piece in pieces:
            yield results_pb2.ReadResultResponse(data=piece)

    async def DeleteResults(
        self, request: results_pb2.DeleteResultsRequest, context: Context
    ) -> results_pb2.DeleteResultsResponse:
        await self._results.remove(identity.passport(context).account, request.job)
        return results_pb2.DeleteResultsResponse()


async def _data(requests: AsyncIterator[results_pb2.WriteResultRequest]) -> AsyncIterator[bytes]:
    async for request in requests:
        if request.WhichOneof("part") != "data":
            raise InvalidRequest(violations=[("data", "must follow the header")])
        yield request.data


def to_proto(result: StoredResult) -> results_pb2.Result:
    """Return the contract's form of a result."""
    return results_pb2.Result(
        job=result.job,
        variant=result.variant,
        size_bytes=result.object.size,
        sha256=result.object.sha256,
        row_count=result.row_count,
    )
