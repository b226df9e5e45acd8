"""The contract's form of a file, and of the options by which it is read."""

from smelt.files.v1 import files_pb2

from services.files.library.stored_file import OpenedFile, StoredFile
from services.files.reading.dialect import RequestedFormat


def requested_of(request: files_pb2.UploadFileRequest | files_pb2.ReparseFileRequest) -> RequestedFormat:
    """Return the options of a parse that a request names."""
    return RequestedFormat(
        request.encoding,
        request.delimiter,
        skip_rows=request.skip_rows,
        skip_last_rows=request.skip_last_rows,
        duplicate_names=request.duplicate_names,
        sheet=request.sheet,
    )


def opened_to_proto(opened: OpenedFile) -> files_pb2.File:
    """Return the contract's form of a file with what is sealed of it."""
    answer = file_to_proto(opened.file)
    answer.columns.extend(files_pb2.File.Column(name=name) for name in opened.columns)
    answer.sample_line = opened.sample_line
    answer.sheets.extend(
        files_pb2.File.Sheet(name=sheet.name, row_count=sheet.row_count, hidden=sheet.hidden)
        for sheet in opened.sheets
    )
    number = opened.file.parse.dialect.sheet
    if 0 < number <= len(opened.sheets):
        answer.sheet = opened.sheets[number - 1].name
    return answer


def file_to_proto(file: StoredFile) -> files_pb2.File:
    """Return the contract's form of a file as it is in lists."""
    dialect = file.parse.dialect
    answer = files_pb2.File(
        name=f"files/{file.id}",
        display_name=file.display_name,
        size_bytes=file.object.size,
        row_count=file.parse.row_count,
        encoding=dialect.encoding,
        delimiter=dialect.delimiter,
        sha256=file.object.sha256,
        parse=file.parse.version,
        skip_rows=dialect.skip_rows,
        skip_last_rows=dialect.skip_last_rows,
        duplicate_names=dialect.duplicate_names,
        encoding_guessed=dialect.encoding_guessed,
        byte_order_mark=dialect.byte_order_mark,
        line_end=dialect.line_end,
        quoting=dialect.quoting,
        omitted_columns=dialect.omitted,
        separator_line=dialect.separator_line,
    )
    answer.create_time.FromDatetime(file.create_time)
    if file.lost_time is not None:
        answer.lost_time.FromDatetime(file.lost_time)
    return answer
