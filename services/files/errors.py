"""What can be wrong with a file, an upload or a request for them."""

from services.common.errors import DomainError, Kind


class FileNotFound(DomainError):
    """The account has no such file; another account's file looks the same."""

    reason = "FILE_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "File not found"


class FileDamaged(DomainError):
    """What is stored is not what was sealed; nothing of the damaged part is handed out."""

    reason = "FILE_DAMAGED"
    kind = Kind.DAMAGED
    message = "The stored file is damaged"


class FileNoDataRows(DomainError):
    """There is nothing below the header."""

    reason = "FILE_NO_DATA_ROWS"
    kind = Kind.INVALID
    message = "File contains no data rows"


class FileNoColumns(DomainError):
    """The first row names no column, or there is none."""

    reason = "FILE_NO_COLUMNS"
    kind = Kind.INVALID
    message = "No columns detected"


class FileTooLarge(DomainError):
    """More bytes than are allowed."""

    reason = "FILE_TOO_LARGE"
    kind = Kind.TOO_LARGE
    message = "File too large"


class FileInvalidFormat(DomainError):
    """Not a CSV, or not a well-formed upload of one."""

    reason = "FILE_INVALID_FORMAT"
    kind = Kind.INVALID
    message = "Invalid file format"


class FileEncoding(DomainError):
    """The bytes are text in none of the encodings that are read."""

    reason = "FILE_ENCODING"
    kind = Kind.INVALID
    message = "Encoding error"


class FileMalformed(DomainError):
    """A line breaks the rules of a CSV; metadata names the line, from 1, and the problem."""

    reason = "FILE_MALFORMED"
    kind = Kind.INVALID
    message = "File processing failed"


class FileTooManyColumns(DomainError):
    """More columns than are allowed."""

    reason = "FILE_TOO_MANY_COLUMNS"
    kind = Kind.INVALID
    message = "Too many columns"


class FileTooManyRows(DomainError):
    """More data rows than are allowed."""

    reason = "FILE_TOO_MANY_ROWS"
    kind = Kind.INVALID
    message = "Too many rows"


class FileNotProfiled(DomainError):
    """The file was read by a release that made no profile; reading it anew makes one."""

    reason = "FILE_NOT_PROFILED"
    kind = Kind.PRECONDITION
    message = "The file has no profile yet: read it anew"


class RangeNotSatisfiable(DomainError):
    """The bytes that are asked for begin behind the file's end; metadata tells its size."""

    reason = "RANGE_NOT_SATISFIABLE"
    kind = Kind.OUT_OF_RANGE
    message = "The file has no such bytes"


class GrantInvalid(DomainError):
    """The grant is for something else."""

    reason = "GRANT_INVALID"
    kind = Kind.FORBIDDEN
    message = "The grant does not allow this"


class ResultNotFound(DomainError):
    """The account has no such result file."""

    reason = "RESULT_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Result not found"


class ResultStale(DomainError):
    """A later writer has stored this result already."""

    reason = "RESULT_STALE"
    kind = Kind.CONFLICT
    message = "A later result is stored already"
