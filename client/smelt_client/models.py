"""What the API answers, as frozen values; `raw` holds the JSON itself, with fields newer than this SDK."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

T = TypeVar("T")

FINAL_STATES = frozenset({"COMPLETED", "FAILED", "CANCELLED"})

_raw: Any = field(default_factory=dict, repr=False, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class User:
    """An account."""

    name: str
    email: str
    create_time: datetime | None
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class Session:
    """A session; the tokens are in no repr, and only the answer to a login has them."""

    name: str
    expire_time: datetime | None
    token: str = field(default="", repr=False)
    #: For the next login from here: strangers who fail with the same address do not keep this device out.
    device_token: str = field(default="", repr=False)
    device: str = ""
    client_address: str = ""
    create_time: datetime | None = None
    last_used_time: datetime | None = None
    current: bool = False
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token as it can be seen after it was made."""

    name: str
    display_name: str
    scopes: tuple[str, ...]
    create_time: datetime | None
    expire_time: datetime | None
    last_used_time: datetime | None
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class NewAccessToken:
    """A new access token; the token is in no repr, and only the answer to its making has it."""

    name: str
    display_name: str
    scopes: tuple[str, ...]
    expire_time: datetime | None
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DataExport:
    """An export of everything that is held of the account."""

    name: str
    state: str
    create_time: datetime | None
    end_time: datetime | None
    expire_time: datetime | None
    size_bytes: int
    sha256: str
    raw: Mapping[str, Any] = _raw

    @property
    def is_ended(self) -> bool:
        """Whether nothing happens to it any more."""
        return self.state not in ("PENDING", "RUNNING")


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Something that happened to the account or its keys."""

    name: str
    time: datetime | None
    action: str
    outcome: str
    object: str
    client_address: str
    user_agent: str
    details: Mapping[str, str]
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A provider's API key as it can be seen after it was saved: never the secret."""

    name: str
    label: str
    hint: str
    base_url: str
    active: bool
    create_time: datetime | None
    last_used_time: datetime | None
    #: NOT_TESTED, VALID, INVALID, NO_CREDITS or UNREACHABLE.
    last_test_result: str
    last_tested_time: datetime | None
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class ApiKeyUse:
    """Releases (or refusals, with their reason) of a key for one job within an hour."""

    job: str
    outcome: str
    reason: str
    count: int
    start_time: datetime | None
    end_time: datetime | None
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class KeyTest:
    """What came of trying an API key: VALID, INVALID, NO_CREDITS or UNREACHABLE, and a sentence."""

    name: str
    result: str
    message: str
    test_time: datetime | None
    raw: Mapping[str, Any] = _raw

    @property
    def is_valid(self) -> bool:
        """Whether the provider takes the key."""
        return self.result == "VALID"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file."""

    name: str


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded CSV."""

    name: str
    display_name: str
    size_bytes: int
    row_count: int
    columns: tuple[Column, ...]
    encoding: str
    delimiter: str
    sha256: str
    parse: int
    create_time: datetime | None
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class FileSettings:
    """After how many days files are removed: the account's own period and the installation's; 0 is never."""

    name: str
    retention_days: int
    installation_retention_days: int
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column of a profile; counts that do not apply to its type are None in `raw` and 0 here."""

    name: str
    type: str
    confidence: float
    samples: tuple[str, ...]
    filled_count: int
    completeness: float
    malformed_count: int
    duplicate_count: int


@dataclass(frozen=True, slots=True)
class Quality:
    """A score from 0 to 100, and the points that were taken off for what."""

    score: int
    band: str
    empty_rows_points: float
    incomplete_columns_points: float
    malformed_cells_points: float
    missing_columns_points: float


@dataclass(frozen=True, slots=True)
class FileProfile:
    """What a file's data is like."""

    name: str
    parse: int
    row_count: int
    empty_row_count: int
    columns: tuple[ColumnProfile, ...]
    quality: Quality
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class FileRow:
    """A data row of a file; numbers count from 1."""

    number: int
    cells: tuple[str, ...]
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt template."""

    name: str
    display_name: str
    category: str
    prompt: str
    output_column: str
    model: str
    temperature: float
    max_tokens: int
    character_limit: int
    word_limit: int
    forbidden_words: tuple[str, ...]
    reference_columns: tuple[str, ...]
    json_schema: str
    create_time: datetime | None
    update_time: datetime | None
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class Preview:
    """The prompt that a row would send."""

    row: int
    prompt: str
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class TestedStep:
    """What one template of a test was asked and answered for one row."""

    template: str
    prompt: str
    outputs: Mapping[str, str]
    flags: tuple[str, ...]
    error_reason: str
    error_message: str
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class TestedRow:
    """One row of a test."""

    number: int
    confidence: int
    steps: tuple[TestedStep, ...]


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test gave; `mocked` are the variables that nothing filled, with the values they got."""

    rows: tuple[TestedRow, ...]
    mocked: Mapping[str, str]
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class Variable:
    """A custom variable: `{{$display_name}}` in prompts."""

    name: str
    display_name: str
    value: str
    create_time: datetime | None
    update_time: datetime | None
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where messages about jobs go."""

    name: str
    display_name: str
    url: str
    events: tuple[str, ...]
    enabled: bool
    disabled_reason: str
    create_time: datetime | None
    update_time: datetime | None
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook's new secret, in no repr; only the answer to its making has it."""

    name: str
    signing_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One message to a webhook: what it tells of, and what became of it."""

    name: str
    webhook: str
    event: str
    job: str
    state: str
    attempts: int
    status_code: int
    reason: str
    create_time: datetime | None
    last_attempt_time: datetime | None
    next_attempt_time: datetime | None
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the server knows; prices are US dollars for a million tokens, empty when unknown."""

    name: str
    id: str
    reasoning: bool
    input_price_usd: str
    output_price_usd: str
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something did not work: a stable reason and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Rows of a job by outcome."""

    total: int
    succeeded: int
    failed: int

    @property
    def done(self) -> int:
        """Rows that have their result, good or bad."""
        return self.succeeded + self.failed


@dataclass(frozen=True, slots=True)
class Job:
    """Templates running over the rows of a file. `eta_seconds` is 0 when unknown."""

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
    raw: Mapping[str, Any] = _raw

    @property
    def is_final(self) -> bool:
        """Whether the job will never change again."""
        return self.state in FINAL_STATES


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job would take; costs are decimal numbers, empty when the price of a model is unknown."""

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
    usage_left: int
    usage_limit: int
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class UsagePart:
    """What was used on a day or of a model; the cost is empty when a price is unknown."""

    day: str
    model: str
    used: int
    input_tokens: int
    output_tokens: int
    cost_usd: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What the account has used this month; a `limit` of 0 is none."""

    plan: str
    period_start: str
    used: int
    limit: int
    left: int
    percent: float
    days: tuple[UsagePart, ...]
    models: tuple[UsagePart, ...]
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class Finding:
    """A flag of one output: its name, `ERROR`, `WARNING` or `INFO`, and the column."""

    flag: str
    severity: str
    output_column: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row of a job with its outputs by column; `confidence` is how complete its input was, in percent."""

    number: int
    state: str
    attempts: int
    outputs: Mapping[str, str]
    flags: tuple[str, ...]
    confidence: int
    findings: tuple[Finding, ...]
    error: Problem
    raw: Mapping[str, Any] = _raw


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    next_page_token: str


def parse(kind: type[T], data: object) -> T:
    """Build a value from a JSON object. Fields that are missing or of a wrong type get their empty value."""
    source = data if isinstance(data, dict) else {}
    shape: Any = kind
    values = {name: read(source.get(name)) for name, read in _readers(shape).items()}
    if any(entry.name == "raw" for entry in fields(shape)):
        values["raw"] = source
    return kind(**values)


def page_of(kind: type[T], key: str) -> Callable[[Any], Page[T]]:
    """Return the function that reads a page whose items stand under `key`."""

    def read(data: Any) -> Page[T]:
        source = data if isinstance(data, dict) else {}
        items = source.get(key)
        token = source.get("next_page_token")
        return Page(
            tuple(parse(kind, item) for item in items) if isinstance(items, list) else (),
            token if isinstance(token, str) else "",
        )

    return read


@cache
def _readers(kind: type[Any]) -> dict[str, Callable[[object], Any]]:
    hints = typing.get_type_hints(kind)
    return {entry.name: _reader(hints[entry.name]) for entry in fields(kind) if entry.name != "raw"}


def _reader(hint: Any) -> Callable[[object], Any]:
    if typing.get_origin(hint) is types.UnionType:
        return _time
    if typing.get_origin(hint) is tuple:
        read = _reader(typing.get_args(hint)[0])
        return lambda data: tuple(read(item) for item in data) if isinstance(data, list) else ()
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda data: parse(hint, data)
    if hint is str:
        return lambda data: data if isinstance(data, str) else ""
    if hint is bool:
        return lambda data: data is True
    if hint in (int, float):
        return lambda data: _number(hint, data)
    return lambda data: (
        {str(key): str(value) for key, value in data.items()} if isinstance(data, dict) else {}
    )


def _number(kind: type[int] | type[float], data: object) -> int | float:
    """Read a number; 64-bit integers come as strings, after the JSON mapping of protobuf."""
    try:
        return kind(data) if isinstance(data, (int, float, str)) else kind(0)
    except (ValueError, OverflowError):
        return kind(0)


def _time(data: object) -> datetime | None:
    try:
        return datetime.fromisoformat(data) if isinstance(data, str) else None
    except ValueError:
        return None
