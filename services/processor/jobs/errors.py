"""Errors about jobs."""

from services.common.errors import DomainError, Kind


class OutputColumnClash(DomainError):
    reason = "OUTPUT_COLUMN_CLASH"
    kind = Kind.INVALID
    message = "An output column has the same name as another column"


class NoTemplates(DomainError):
    reason = "NO_TEMPLATES"
    kind = Kind.INVALID
    message = "A job needs at least one template"

    def __init__(self) -> None:
        super().__init__(violations=[("templates", "must name at least one template")])


class InvalidRowRange(DomainError):
    reason = "INVALID_ROW_RANGE"
    kind = Kind.INVALID
    message = "The rows must lie within the file, and the first must not come after the last"


class JobNotFound(DomainError):
    reason = "JOB_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Job not found"


class JobFinished(DomainError):
    reason = "JOB_FINISHED"
    kind = Kind.PRECONDITION
    message = "The job has already ended"


class JobLimit(DomainError):
    reason = "JOB_LIMIT"
    kind = Kind.EXHAUSTED
    message = (
        "The account has reached its limit of jobs that have not ended; wait for one to end or cancel one"
    )


class StoredJobLimit(DomainError):
    """The account has reached its limit of stored jobs."""

    reason = "STORED_JOB_LIMIT"
    kind = Kind.EXHAUSTED
    message = "The account has reached its limit of stored jobs; delete some that have ended"


class PriceUnknown(DomainError):
    reason = "PRICE_UNKNOWN"
    kind = Kind.INVALID
    message = "A budget requires models with a known price"

    def __init__(self, *, model: str = "") -> None:
        if not model:
            super().__init__()
            return
        super().__init__(f"{self.message}, and that of {model} is not known", model=model)


class JobNotEnded(DomainError):
    reason = "JOB_NOT_ENDED"
    kind = Kind.PRECONDITION
    message = "The job has not ended; cancel it first"


class JobNotPaused(DomainError):
    reason = "JOB_NOT_PAUSED"
    kind = Kind.PRECONDITION
    message = "The job is not paused, so it cannot be resumed"


class JobNotCompleted(DomainError):
    reason = "JOB_NOT_COMPLETED"
    kind = Kind.PRECONDITION
    message = "Rows can be sent again only after the job has completed"


class NoFailedRows(DomainError):
    reason = "NO_FAILED_ROWS"
    kind = Kind.PRECONDITION
    message = "The job has no failed rows"


class SnapshotDamaged(DomainError):
    reason = "JOB_DAMAGED"
    kind = Kind.DAMAGED
    message = "The job's stored data cannot be decrypted: it is damaged or was moved"
