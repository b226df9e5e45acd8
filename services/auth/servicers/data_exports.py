"""DataExportService: proto to domain and back for exports."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from smelt.auth.v1 import data_exports_pb2, data_exports_pb2_grpc

from services.auth.privacy.exports import DataExport, DataExports, State
from services.common import identity, paging
from services.common.ids import parse_name
from services.common.rpc.servicing import CREATED, Context

_COLLECTION = "dataExports"
_STATES = {
    State.PENDING: data_exports_pb2.DataExport.PENDING,
    State.RUNNING: data_exports_pb2.DataExport.RUNNING,
    State.COMPLETED: data_exports_pb2.DataExport.COMPLETED,
    State.FAILED: data_exports_pb2.DataExport.FAILED,
}


class DataExportServicer(data_exports_pb2_grpc.DataExportServiceServicer):
    """The caller's data exports."""

    def __init__(self, exports: DataExports, clock: Callable[[], datetime]) -> None:
        self._exports = exports
        self._clock = clock

    async def CreateDataExport(
        self, request: data_exports_pb2.CreateDataExportRequest, context: Context
    ) -> data_exports_pb2.DataExport:
        export = await self._exports.create(identity.passport(context).account)
        await context.send_initial_metadata(CREATED)
        return self._to_proto(export)

    async def ListDataExports(
        self, request: data_exports_pb2.ListDataExportsRequest, context: Context
    ) -> data_exports_pb2.ListDataExportsResponse:
        account = identity.passport(context).account
        page, token = await paging.page(request, partial(self._exports.page, account), show=self._to_proto)
        return data_exports_pb2.ListDataExportsResponse(
            data_exports=page,
            next_page_token=token,
        )

    async def GetDataExport(
        self, request: data_exports_pb2.GetDataExportRequest, context: Context
    ) -> data_exports_pb2.DataExport:
        id_ = parse_name(_COLLECTION, request.name)
        return self._to_proto(await self._exports.get(identity.passport(context).account, id_))

    def _to_proto(self, export: DataExport) -> data_exports_pb2.DataExport:
        over = export.expire_time is not None and self._clock() >= export.expire_time
        return data_exports_pb2.DataExport(
            name=f"{_COLLECTION}/{export.id}",
            state=data_exports_pb2.DataExport.EXPIRED if over else _STATES[export.state],
            create_time=export.create_time,
            end_time=export.end_time,
            expire_time=export.expire_time,
            size_bytes=export.archive.size_bytes if export.archive else 0,
            sha256=export.archive.sha256 if export.archive else "",
        )
