"""Templates, their previews and tests, variables and models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .reading import raw_field


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
    #: `minimal`, `low`, `medium` or `high`; empty if nothing is said of it.
    reasoning_effort: str
    #: Sent in place of `max_tokens` unless it is 0.
    max_completion_tokens: int
    create_time: datetime | None
    update_time: datetime | None
    #: Whether an answer is one of a few words, and whether answers are saved as they came.
    is_choice: bool = False
    auto_fix_off: bool = False
    #: Sentences about what is allowed in the prompt and probably not meant.
    warnings: tuple[str, ...] = ()
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class Preview:
    """The prompt that a row would send."""

    row: int
    prompt: str
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class TestedStep:
    """One template's prompt and answer for one row of a test."""

    template: str
    prompt: str
    outputs: Mapping[str, str]
    flags: tuple[str, ...]
    error_reason: str
    error_message: str
    input_tokens: int
    output_tokens: int
    provider_message: str
    #: Which step of the chain it is, from 1.
    number: int = 0
    #: Answers as the model gave them, where auto-fix took something off.
    raw_outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TestedRow:
    """One row of a test."""

    number: int
    confidence: int
    steps: tuple[TestedStep, ...]


@dataclass(frozen=True, slots=True)
class Tested:
    """The results of a test. `mocked` holds the variables without a value, and the values they got."""

    rows: tuple[TestedRow, ...]
    mocked: Mapping[str, str]
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class Variable:
    """A custom variable: `{{$display_name}}` in prompts."""

    name: str
    display_name: str
    value: str
    create_time: datetime | None
    update_time: datetime | None
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class Model:
    """A model the server knows. Prices are US dollars per million tokens, empty when unknown."""

    name: str
    id: str
    reasoning: bool
    input_price_usd: str
    output_price_usd: str
    raw: Mapping[str, Any] = raw_field
