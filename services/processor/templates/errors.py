"""Errors about templates and variables."""

from services.common.errors import DomainError, Kind


class TemplateNotFound(DomainError):
    reason = "TEMPLATE_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Template not found"


class TemplateLimit(DomainError):
    """The account has reached its limit of templates."""

    reason = "TEMPLATE_LIMIT"
    kind = Kind.EXHAUSTED
    message = "The account has reached its limit of templates; delete one first"


class TemplateInvalid(DomainError):
    reason = "TEMPLATE_INVALID"
    kind = Kind.INVALID
    message = "The template is not valid"


class PromptTooLarge(DomainError):
    reason = "PROMPT_TOO_LARGE"
    kind = Kind.INVALID
    message = "A prompt with its values filled in would be larger than 1 MiB"


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
    message = "A variable with this name already exists"


class VariableLimit(DomainError):
    reason = "VARIABLE_LIMIT"
    kind = Kind.EXHAUSTED
    message = "The account has reached its variable limit; delete a variable first"


class UpdateMaskInvalid(DomainError):
    reason = "UPDATE_MASK_INVALID"
    kind = Kind.INVALID
    message = "The update mask names a field that cannot be changed"


class UnknownVariable(DomainError):
    reason = "UNKNOWN_VARIABLE"
    kind = Kind.INVALID
    message = "A template uses a variable that is neither a column of the file nor a custom variable"


class AmbiguousVariable(DomainError):
    reason = "AMBIGUOUS_VARIABLE"
    kind = Kind.INVALID
    message = "A template uses a variable that matches several columns"
