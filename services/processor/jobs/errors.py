"""Refusals that are about jobs."""

from services.common.errors import DomainError, Kind


class OutputColumnClash(DomainError):
    reason = "OUTPUT_COLUMN_CLASH"
    kind = Kind.INVALID
    message = "An output column has the name of another column"


class NoTemplates(DomainError):
    reason = "NO_TEMPLATES"
    kind = Kind.INVALID
    message = "No templates selected"


class InvalidRowRange(DomainError):
    reason = "INVALID_ROW_RANGE"
    kind = Kind.INVALID
    message = "Invalid row range"


class JobNotFound(DomainError):
    reason = "JOB_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Job not found"


class JobFinished(DomainError):
    reason = "JOB_FINISHED"
    kind = Kind.PRECONDITION
    message = "The job has ended already"


class JobLimit(DomainError):
    reason = "JOB_LIMIT"
    kind = Kind.EXHAUSTED
    message = "Too many jobs have not ended yet"


class PriceUnknown(DomainError):
    reason = "PRICE_UNKNOWN"
    kind = Kind.INVALID
    message = "A budget needs models whose price is known"


class JobNotEnded(DomainError):
    reason = "JOB_NOT_ENDED"
    kind = Kind.PRECONDITION
    message = "The job has not ended; cancel it first"


class JobNotPaused(DomainError):
    reason = "JOB_NOT_PAUSED"
    kind = Kind.PRECONDITION
    message = "The job is not paused"


class JobNotCompleted(DomainError):
    reason = "JOB_NOT_COMPLETED"
    kind = Kind.PRECONDITION
    message = "Rows can be sent again only when the job has completed"


class NoFailedRows(DomainError):
    reason = "NO_FAILED_ROWS"
    kind = Kind.PRECONDITION
    message = "The job has no failed rows"


class SnapshotDamaged(DomainError):
    reason = "JOB_DAMAGED"
    kind = Kind.DAMAGED
    message = "The job's stored data does not open"
