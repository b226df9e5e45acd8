"""A job whose rows are all done, as its assembly sees it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Assembly:
    """A job whose rows are all done, held by the worker that assembles its result file."""

    job: str
    fence: int
    account: str
    file: str
    parse: int
    first_row: int
    last_row: int
    wrapped_key: bytes
    snapshot: bytes
    sealed_grant: bytes | None
    #: The opened grant; before it is opened, that of a job which an older version started.
    grant: str = field(repr=False)
    grant_id: str
    #: How often it was begun, this time included, and neither finished nor put off.
    begun: int = 1
