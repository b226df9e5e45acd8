"""The refusals of files: what can be wrong with a file, an upload or a request."""

from services.common.errors import DomainError, Kind


class FileNotFound(DomainError):
    """The account has no such file; files of other accounts are refused in the same way."""

    reason = "FILE_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "File not found"


class FileLimit(DomainError):
    """The account has reached its limit of stored files."""

    reason = "FILE_LIMIT"
    kind = Kind.EXHAUSTED
    message = "The account has reached its limit of files; delete one first"


class ParseLimit(DomainError):
    """The file has been read in as many ways as one file can be."""

    reason = "PARSE_LIMIT"
    kind = Kind.EXHAUSTED
    message = "The file has been read in too many ways; upload it again to read it in another one"


class ResultLimit(DomainError):
    """The account has reached its limit of result files that were made for one download each."""

    reason = "RESULT_LIMIT"
    kind = Kind.EXHAUSTED
    message = (
        "The account has downloaded too many result files of a form of its own; try again within an hour"
    )


class FileDamaged(DomainError):
    """The stored bytes are not the ones that were sealed; the damaged part is not sent."""

    reason = "FILE_DAMAGED"
    kind = Kind.DAMAGED
    message = "The stored file is damaged"


class FileLost(FileDamaged):
    """The object store no longer has the bytes; the file must be uploaded again, or the job run again."""

    reason = "FILE_LOST"
    message = "The stored file is lost; upload it again"


class FileNoDataRows(DomainError):
    """The file has no rows below its header, or is empty: no bytes, or only blank lines, a mark or `sep=`."""

    reason = "FILE_NO_DATA_ROWS"
    kind = Kind.INVALID
    message = "File contains no data rows"


class FileNoColumns(DomainError):
    """The first row names no columns, but others have cells."""

    reason = "FILE_NO_COLUMNS"
    kind = Kind.INVALID
    message = "No columns detected"


class FileTooLarge(DomainError):
    """The upload or result has more bytes than its limit, which metadata gives."""

    reason = "FILE_TOO_LARGE"
    kind = Kind.TOO_LARGE
    message = "File too large"


class UploadLimit(DomainError):
    """The account, or its network address, has its share of the uploads that are read at once."""

    reason = "UPLOAD_LIMIT"
    kind = Kind.EXHAUSTED
    message = "As many uploads are in progress as are allowed for one account or address; wait for one to end"


class UploadTooSlow(DomainError):
    """The upload came in more slowly than `SMELT_UPLOAD_LEAST_BYTES_PER_SECOND`, or while others waited."""

    reason = "UPLOAD_TOO_SLOW"
    kind = Kind.TOO_SLOW
    message = (
        "The upload came in too slowly; send it again over a faster connection, or when there is less to do"
    )


class UploadInCrumbs(DomainError):
    """The upload came in very many pieces of a few bytes each."""

    reason = "UPLOAD_IN_CRUMBS"
    kind = Kind.INVALID
    message = "The upload came in too many tiny pieces; send larger ones"


class FileInvalidFormat(DomainError):
    """The bytes are no CSV, or the upload's form is malformed; metadata names the problem of a form."""

    reason = "FILE_INVALID_FORMAT"
    kind = Kind.INVALID
    message = "Invalid file format"


class FilePasswordProtected(DomainError):
    """The workbook is encrypted; without its password nobody can read it, and Smelt asks for none."""

    reason = "FILE_PASSWORD_PROTECTED"
    kind = Kind.INVALID
    message = (
        "The workbook is protected by a password; open it in Excel, remove the password under File > Info, "
        "save it, and upload it again"
    )


class FileWorkbookUnsupported(DomainError):
    """The file is a spreadsheet in another format than `.xlsx`; metadata names it."""

    reason = "FILE_WORKBOOK_UNSUPPORTED"
    kind = Kind.INVALID
    message = (
        "Of spreadsheets, only .xlsx and .xlsm are read; open the file in its program, save or export it as "
        ".xlsx or as CSV, and upload that"
    )


class FileWorkbookInvalid(DomainError):
    """The workbook is damaged or breaks the rules of its format; metadata names the problem and the part."""

    reason = "FILE_WORKBOOK_INVALID"
    kind = Kind.INVALID
    message = "The workbook is damaged; open it in Excel, save it again, and upload that"


class FileWorkbookTooLarge(DomainError):
    """The workbook takes more bytes unpacked, more memory or more time than it may."""

    reason = "FILE_WORKBOOK_TOO_LARGE"
    kind = Kind.TOO_LARGE
    message = "The workbook is too large to be read; save the sheet that is needed as a file of its own"


class FileSheetNotFound(DomainError):
    """The workbook has no such sheet, or the file is no workbook; metadata names the first sheets it has."""

    reason = "FILE_SHEET_NOT_FOUND"
    kind = Kind.INVALID
    message = "The file has no such sheet"


class FileFormulasNotCalculated(DomainError):
    """The sheet has formulas, and a value is stored for none of them; metadata gives the first one's cell."""

    reason = "FILE_FORMULAS_NOT_CALCULATED"
    kind = Kind.INVALID
    message = (
        "The sheet's formulas were never calculated, so their cells have no values; open the workbook in a "
        "spreadsheet program, save it, and upload it again"
    )


class FileEncoding(DomainError):
    """The bytes are not text in the requested or any detected encoding; metadata gives the byte offset."""

    reason = "FILE_ENCODING"
    kind = Kind.INVALID
    message = "Encoding error"


class FileMalformed(DomainError):
    """A line breaks the rules of CSV; metadata gives its number, from 1, and the problem."""

    reason = "FILE_MALFORMED"
    kind = Kind.INVALID
    message = "File processing failed"


class FileTooManyColumns(DomainError):
    """The file has more columns than `SMELT_MAX_COLUMNS` allows."""

    reason = "FILE_TOO_MANY_COLUMNS"
    kind = Kind.INVALID
    message = "Too many columns"


class FileTooManyRows(DomainError):
    """The file has more data rows than `SMELT_MAX_ROWS` allows."""

    reason = "FILE_TOO_MANY_ROWS"
    kind = Kind.INVALID
    message = "Too many rows"


class FileNotProfiled(DomainError):
    """An earlier release read the file and made no profile; `:reparse` makes one."""

    reason = "FILE_NOT_PROFILED"
    kind = Kind.PRECONDITION
    message = "The file has no profile yet; reparse it to make one"


class RangeNotSatisfiable(DomainError):
    """The requested range begins after the end of the file; metadata gives the file's size."""

    reason = "RANGE_NOT_SATISFIABLE"
    kind = Kind.OUT_OF_RANGE
    message = "The requested range begins after the end of the file"


class GrantInvalid(DomainError):
    """The grant is for another job, file, parse or range of rows."""

    reason = "GRANT_INVALID"
    kind = Kind.FORBIDDEN
    message = "The grant does not cover this job, file or range of rows"


class ResultNotFound(DomainError):
    """The account has no such result file."""

    reason = "RESULT_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Result file not found"


class ResultStale(DomainError):
    """A writer with a later fence has stored this result file."""

    reason = "RESULT_STALE"
    kind = Kind.CONFLICT
    message = "A writer with a later fence has stored this result file"
