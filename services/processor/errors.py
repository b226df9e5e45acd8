"""Outcomes that the processor's rules name."""

from services.common.errors import DomainError, Kind


class TemplateNotFound(DomainError):
    reason = "TEMPLATE_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Template not found"


class TemplateInvalid(DomainError):
    reason = "TEMPLATE_INVALID"
    kind = Kind.INVALID
    message = "The template is not valid"


class VariableNotFound(DomainError):
    reason = "VARIABLE_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Variable not found"


class VariableInvalid(DomainError):
    reason = "VARIABLE_INVALID"
    kind = Kind.INVALID
    message = "The variable is not valid"


class VariableExists(DomainError):
    reason = "VARIABLE_EXISTS"
    kind = Kind.EXISTS
    message = "There is a variable of this name already"


class TooManyVariables(DomainError):
    reason = "TOO_MANY_VARIABLES"
    kind = Kind.EXHAUSTED
    message = "The account has as many variables as it may have"


class UpdateMaskInvalid(DomainError):
    reason = "UPDATE_MASK_INVALID"
    kind = Kind.INVALID
    message = "The update mask names a field that cannot be changed"


class UnknownVariable(DomainError):
    reason = "UNKNOWN_VARIABLE"
    kind = Kind.INVALID
    message = "A template uses a variable that the file does not have"


class AmbiguousVariable(DomainError):
    reason = "AMBIGUOUS_VARIABLE"
    kind = Kind.INVALID
    message = "A template uses a variable that fits several columns"


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


class UsageLimitExceeded(DomainError):
    reason = "USAGE_LIMIT_EXCEEDED"
    kind = Kind.EXHAUSTED
    message = "Usage limit exceeded"


class TooManyJobs(DomainError):
    reason = "TOO_MANY_JOBS"
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


class FilterInvalid(DomainError):
    reason = "FILTER_INVALID"
    kind = Kind.INVALID
    message = "The filter must be `state = ...`, `flag = ...`, or several of them joined by AND"


class SnapshotDamaged(DomainError):
    reason = "JOB_DAMAGED"
    kind = Kind.DAMAGED
    message = "The job's stored data does not open"


class ApiKeyNotFound(DomainError):
    reason = "API_KEY_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "API key not found"


class AddressNotAllowed(DomainError):
    reason = "BASE_URL_NOT_ALLOWED"
    kind = Kind.PRECONDITION
    message = "The provider's address is not allowed"


class WebhookNotFound(DomainError):
    reason = "WEBHOOK_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Webhook not found"


class WebhookInvalid(DomainError):
    reason = "WEBHOOK_INVALID"
    kind = Kind.INVALID
    message = "The webhook is not valid"


class WebhookUrlNotAllowed(DomainError):
    reason = "WEBHOOK_URL_NOT_ALLOWED"
    kind = Kind.INVALID
    message = "A webhook's address must be https and public"


class WebhookDisabled(DomainError):
    reason = "WEBHOOK_DISABLED"
    kind = Kind.PRECONDITION
    message = "The webhook is switched off"


class TooManyWebhooks(DomainError):
    reason = "TOO_MANY_WEBHOOKS"
    kind = Kind.EXHAUSTED
    message = "The account has as many webhooks as it may have"


class WebhookDeliveryNotFound(DomainError):
    reason = "WEBHOOK_DELIVERY_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Webhook delivery not found"


class WebhookDeliveryPending(DomainError):
    reason = "WEBHOOK_DELIVERY_PENDING"
    kind = Kind.PRECONDITION
    message = "The message is on its way already"


class TooManyDeliveries(DomainError):
    reason = "TOO_MANY_DELIVERIES"
    kind = Kind.EXHAUSTED
    message = "Too many messages wait to be sent to this webhook"
