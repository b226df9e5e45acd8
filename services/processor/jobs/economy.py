"""What an owner chooses for an economy job, whose prompts go to the provider in batches at half the price."""

from enum import StrEnum

from services.common.errors import DomainError, Kind

#: The most rows of a shard, and so of a batch, of an economy job. OpenAI takes 50,000 and 200 MB. Smaller
#: batches cost more calls to look at them; larger ones hold more in memory and more that fails together.
BATCH_ROWS = 10_000
#: How often a row's step goes in a batch before the row fails, where the rest goes in batches too.
BATCH_ROUNDS = 3


class Economy(StrEnum):
    """Whether a job's prompts go in batches, and how those go that a batch left without a usable answer."""

    #: Not in batches.
    NONE = ""
    #: What a batch left goes in the ordinary way, at full price.
    THEN_ORDINARY = "ORDINARY"
    #: What a batch left goes in another batch.
    THEN_BATCH = "BATCH"
    #: No further batch is made; what is left goes in the ordinary way.
    OVER = "OVER"


class EconomyNotPossible(DomainError):
    """An economy job sends each row's prompt, so it cannot send identical prompts once."""

    reason = "ECONOMY_NOT_POSSIBLE"
    kind = Kind.INVALID
    message = (
        "An economy job sends the prompt of each row; leave out either economy or identical_prompts_once"
    )


class NotAnEconomyJob(DomainError):
    """Only an economy job can leave its batches."""

    reason = "NOT_AN_ECONOMY_JOB"
    kind = Kind.PRECONDITION
    message = "The job does not go in batches, so end_economy means nothing for it"


class BatchesOpen(DomainError):
    """The job's batches are still being cancelled at the provider."""

    reason = "BATCHES_OPEN"
    kind = Kind.PRECONDITION
    message = "The job's batches are being cancelled at the provider; delete the job in a minute"
