"""RowService: rows for work that continues without its owner."""

from collections.abc import AsyncIterator

from smelt.files.v1 import rows_pb2, rows_pb2_grpc

from services.common import identity
from services.common.ids import parse_name
from services.common.rpc.servicing import Context
from services.files.library.library import Library
from services.files.library.row_reader import RowRange
from services.files.servicers.files import row_to_proto

_BATCH_ROWS = 250


class RowServicer(rows_pb2_grpc.RowServiceServicer):
    """Rows of the file in a grant, or of a person's own files."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def ReadRows(
        self, request: rows_pb2.ReadRowsRequest, context: Context
    ) -> AsyncIterator[rows_pb2.ReadRowsResponse]:
        found = self._library.read_rows(
            identity.proof(context),
            parse_name("files", request.file),
            RowRange(request.first, request.count),
            parse=request.parse,
            batch_rows=_BATCH_ROWS,
        )
        async for batch in found:
            yield rows_pb2.ReadRowsResponse(rows=map(row_to_proto, batch))

    async def CheckFile(
        self, request: rows_pb2.CheckFileRequest, context: Context
    ) -> rows_pb2.CheckFileResponse:
        await self._library.check(identity.proof(context), parse_name("files", request.file))
        return rows_pb2.CheckFileResponse()
