"""Jobs, their rows and estimates, and the usage meter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .reading import raw_field

FINAL_STATES = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something failed: a stable reason, a sentence, and the provider's own words if it was the cause."""

    reason: str
    message: str
    provider_message: str = ""


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Rows of a job by outcome."""

    total: int
    succeeded: int
    failed: int
    #: Rows of which nothing was sent, because the columns that the templates use are blank.
    skipped: int = 0

    @property
    def done(self) -> int:
        """Rows that have their result, good or bad."""
        return self.succeeded + self.failed + self.skipped


@dataclass(frozen=True, slots=True)
class JobStep:
    """A template as it was when the job started, and the columns that its answers fill."""

    template: str
    display_name: str
    model: str
    output_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """A run of templates over the rows of a file. `eta_seconds` is 0 when unknown."""

    name: str
    file: str
    templates: tuple[str, ...]
    first_row: int
    last_row: int
    parallel_calls: int
    api_key: str
    state: str
    pause_reason: str
    request_counts: RequestCounts
    percent: float
    rows_per_second: float
    eta_seconds: int
    input_tokens: int
    output_tokens: int
    error: Problem
    create_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    cost_usd: str
    max_cost_usd: str
    #: Whether some of the tokens are estimates, because the provider told no numbers.
    tokens_estimated: bool
    #: Whether prompts go in batches, how those go that a batch left, and how many batches are under way.
    economy: bool
    economy_rest: str
    batches_under_way: int
    #: The templates and the file's name as they were at the start; empty for jobs of earlier releases.
    steps: tuple[JobStep, ...]
    file_display_name: str
    #: The name that its owner gave it; "" without one.
    display_name: str
    #: Failed rows by reason, and rows by flag. In lists and in answers to actions they are empty.
    error_counts: Mapping[str, int]
    flag_counts: Mapping[str, int]
    raw: Mapping[str, Any] = raw_field

    @property
    def is_final(self) -> bool:
        """Whether the job will never change again."""
        return self.state in FINAL_STATES

    @property
    def has_stopped(self) -> bool:
        """Whether the job has ended or is paused."""
        return self.is_final or self.state == "PAUSED"


@dataclass(frozen=True, slots=True)
class JobSettings:
    """Settings for all jobs of the account; 0 means the installation's number."""

    parallel_calls: int
    installation_parallel_calls: int
    max_parallel_calls: int
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimate of a job. Costs are decimal numbers, empty when the price of a model is unknown."""

    row_count: int
    request_count: int
    input_tokens_low: int
    input_tokens_high: int
    output_tokens_low: int
    output_tokens_high: int
    cost_low_usd: str
    cost_high_usd: str
    unpriced_models: tuple[str, ...]
    prices_date: str
    usage_left: int | None
    usage_limit: int | None
    economy_cost_low_usd: str
    economy_cost_high_usd: str
    #: Rows that would be skipped, and whether that is reckoned from a sample.
    blank_row_count: int
    blank_rows_estimated: bool
    warnings: tuple[str, ...]
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class UsagePart:
    """The usage of one day or one model; the cost is empty when a price is unknown."""

    day: str
    model: str
    used: int
    input_tokens: int
    output_tokens: int
    cost_usd: str
    #: Whether some of the tokens, and so of the cost, are estimated.
    tokens_estimated: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What the account has used in a month; without a limit, `limit`, `left` and `percent` are None."""

    plan: str
    period_start: str
    used: int
    limit: int | None
    left: int | None
    percent: float | None
    days: tuple[UsagePart, ...]
    models: tuple[UsagePart, ...]
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class Finding:
    """A flag of one output: its name, `ERROR`, `WARNING` or `INFO`, and the column."""

    flag: str
    severity: str
    output_column: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row of a job with its outputs by column. `confidence` is how complete the input was, in percent."""

    number: int
    state: str
    attempts: int
    outputs: Mapping[str, str]
    flags: tuple[str, ...]
    confidence: int
    findings: tuple[Finding, ...]
    error: Problem
    #: Answers as the model gave them, of the columns where auto-fix took something off.
    raw_outputs: Mapping[str, str]
    #: The row's cells of the file, if they were asked for.
    cells: tuple[str, ...]
    #: Answers as they were before a person changed them.
    edited_outputs: Mapping[str, str]
    raw: Mapping[str, Any] = raw_field
