"""Who may call what: certificates by method, and whether a person or a grant must be behind the call."""

from services.common.identity import AUTH, GATEWAY, PROCESSOR, Allow, Policy
from services.common.policy import PRIVACY

POLICY: Policy = {
    "/smelt.files.v1.FileService/UploadFile": Allow(GATEWAY, needs="passport", scope="write"),
    "/smelt.files.v1.FileService/ReparseFile": Allow(GATEWAY, needs="passport", scope="write"),
    "/smelt.files.v1.FileService/GetFileProfile": Allow(GATEWAY, needs="passport", scope="read"),
    "/smelt.files.v1.FileService/GetFileSettings": Allow(GATEWAY, needs="passport", scope="read"),
    "/smelt.files.v1.FileService/UpdateFileSettings": Allow(GATEWAY, needs="passport", scope="write"),
    "/smelt.files.v1.FileService/ListFiles": Allow(GATEWAY, needs="passport", scope="read"),
    "/smelt.files.v1.FileService/GetFile": Allow(GATEWAY, PROCESSOR, needs="passport", scope="read"),
    "/smelt.files.v1.FileService/DeleteFile": Allow(GATEWAY, needs="passport", scope="write"),
    "/smelt.files.v1.FileService/ListFileRows": Allow(GATEWAY, needs="passport", scope="read"),
    "/smelt.files.v1.FileService/DownloadFile": Allow(GATEWAY, needs="passport", scope="read"),
    "/smelt.files.v1.RowService/ReadRows": Allow(PROCESSOR, needs="proof", scope="read"),
    # Reading enough for a person: a download of a variant is put together and spooled when it is asked for.
    "/smelt.files.v1.ResultService/WriteResult": Allow(PROCESSOR, needs="proof", scope="read"),
    "/smelt.files.v1.ResultService/DeleteResults": Allow(PROCESSOR, needs="passport", scope="write"),
    "/smelt.files.v1.ResultService/ReadResult": Allow(PROCESSOR, needs="proof", scope="read"),
    "/smelt.files.v1.ExportFileService/DownloadDataExport": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.files.v1.ExportStoreService/WriteDataExport": Allow(AUTH, needs="export"),
    **PRIVACY,
}
