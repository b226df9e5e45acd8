"""The callers of each method, by certificate, and whether a call needs a person or a grant."""

from services.common.identity import AUTH, GATEWAY, PROCESSOR, Allow, Policy
from services.common.policy import PRIVACY

POLICY: Policy = {
    "/smelt.files.v1.FileService/UploadFile": Allow(GATEWAY, needs="passport", scope="write", hears_out=True),
    # It reads the whole file, like an upload.
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
    "/smelt.files.v1.RowService/CheckFile": Allow(PROCESSOR, needs="proof", scope="read"),
    # The scope is `read`, because a person's download of a variant assembles and stores it on the way.
    "/smelt.files.v1.ResultService/WriteResult": Allow(PROCESSOR, needs="proof", scope="read"),
    "/smelt.files.v1.ResultService/DeleteResults": Allow(PROCESSOR, needs="passport", scope="write"),
    "/smelt.files.v1.ResultService/ReadResult": Allow(PROCESSOR, needs="proof", scope="read"),
    "/smelt.files.v1.ExportFileService/DownloadDataExport": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.files.v1.ExportStoreService/WriteDataExport": Allow(AUTH, needs="export"),
    **PRIVACY,
}
