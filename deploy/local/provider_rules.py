"""The stand-in provider's script: which requests it answers wrongly, slowly or not at all."""

from __future__ import annotations

import hashlib
import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploy.local.provider_limit import Limit

Action = Literal[
    "status", "insufficient_quota", "slow", "cut_off", "reset", "not_json", "empty_choices", "truncated",
    "content_filter", "html", "redirect", "huge", "trickle", "wrong_types", "nuls", "key_echo", "content",
    "refuse_parameter", "raw", "usage", "hold",
]  # fmt: skip

Positive = Annotated[int, Field(ge=1)]


class Rule(BaseModel):
    """One rule: an action, and conditions that must all hold. Without conditions it always applies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Action
    contains: str | None = Field(default=None, description="the prompt contains this text")
    model: str | None = Field(default=None, description="the model is this one")
    authorization_sha256: str | None = Field(
        default=None, description="hex SHA-256 of the Authorization value"
    )
    path: str | None = Field(
        default=None, description="the path begins with this; needed for what is about files and batches"
    )
    method: str | None = Field(default=None, description="the method of the request")
    first: Positive | None = Field(default=None, description="only the first N attempts of each prompt")
    every: Positive | None = Field(
        default=None, description="only every Nth request that meets the other conditions"
    )
    share: float | None = Field(
        default=None, ge=0, le=1, description="only this share of the requests that meet the other conditions"
    )
    at_most: Positive | None = Field(default=None, description="applies at most N times")
    sends: str = Field(
        default="", description="only if this is sent: a parameter, `system`, or a type of response_format"
    )
    until_seconds: float | None = Field(
        default=None, ge=0, description="only in the first seconds after the script's first request"
    )

    status: int = Field(default=500, ge=200, le=599, description="for `status` and `raw`")
    retry_after: float | str | None = Field(
        default=None, description="seconds or a date, sent as Retry-After"
    )
    retry_after_ms: int | None = Field(default=None, ge=0, description="sent as retry-after-ms")
    echo_key: Literal["none", "partial", "full"] = Field(
        default="none", description="for `status`: name the key"
    )
    seconds: float = Field(default=5.0, ge=0, le=3600, description="for `slow`")
    megabytes: int = Field(default=50, ge=1, le=512, description="for `huge`")
    content: str = Field(
        default="", description="for `content`: the model's exact words; for `raw`: the whole body"
    )
    content_base64: str = Field(default="", description="for `raw`: the body's bytes, in place of `content`")
    headers: dict[str, str] = Field(default_factory=dict, description="for `raw`: more headers")
    parameter: str = Field(
        default="", description="for `refuse_parameter`: 400 if it is sent, otherwise the answer"
    )
    usage: dict[str, Any] | None = Field(
        default=None, description="for `usage`: what the right answer says in place of its counts"
    )
    location: str = Field(default="http://127.0.0.1:9/v1/chat/completions", description="for `redirect`")

    @property
    def counts_attempts(self) -> bool:
        """Whether attempts per prompt must be counted for this rule."""
        return self.first is not None or self.share is not None


class Script(BaseModel):
    """What one ``POST /_control`` can set; it replaces the previous script."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latency_ms: float = Field(default=0, ge=0, le=600_000)
    rules: tuple[Rule, ...] = ()
    record: bool = Field(default=True, description="keep a record of each request; benches turn it off")
    record_limit: int = Field(default=100_000, ge=1, le=2_000_000, description="the oldest are dropped")
    limit: Limit | None = Field(default=None, description="how many calls each key and model may make")
    batches: bool = Field(default=True, description="whether files and batches are known at all")
    batch_seconds: float = Field(default=0, ge=0, le=86_400, description="how long a batch is in progress")
    batch_end: Literal["completed", "expired", "cancelled", "failed", "token_limit"] = Field(
        default="completed", description="how batches end"
    )
    batch_share: float = Field(default=1, ge=0, le=1, description="the share of requests they answer")
    seed: int = Field(default=1, description="chooses which requests a `share` hits")
    headers: dict[str, str] = Field(default_factory=dict, description="sent with every right answer")

    @model_validator(mode="after")
    def _few_rules(self) -> Script:
        if len(self.rules) > 100:
            raise ValueError("at most 100 rules")
        return self


class Rules:
    """The rules of a script with the counters that their conditions need."""

    def __init__(self, script: Script) -> None:
        self._rules = script.rules
        self._seed = script.seed
        self._fitted = [0] * len(script.rules)
        self._applied = [0] * len(script.rules)
        self._began: float | None = None

    def choose(
        self,
        prompt: str,
        authorization_sha256: str | None,
        attempt: int,
        asked: dict[str, Any],
        *,
        method: str = "POST",
        path: str = "/v1/chat/completions",
    ) -> Rule | None:
        """Return the first rule whose conditions all hold, or None for the right answer.

        ``attempt`` counts the requests with this prompt, from 1; ``asked`` is the request's body.
        """
        now = time.monotonic()
        if self._began is None:
            self._began = now
        for index, rule in enumerate(self._rules):
            if not _is_about(rule, method, path):
                continue
            if rule.model is not None and rule.model != asked.get("model"):
                continue
            if rule.sends and not _is_sent(rule.sends, asked):
                continue
            if rule.until_seconds is not None and now - self._began > rule.until_seconds:
                continue
            if self._holds(index, rule, prompt, authorization_sha256, attempt):
                self._applied[index] += 1
                return rule
        return None

    def _holds(
        self, index: int, rule: Rule, prompt: str, authorization_sha256: str | None, attempt: int
    ) -> bool:
        if rule.contains is not None and rule.contains not in prompt:
            return False
        if rule.authorization_sha256 is not None and rule.authorization_sha256 != authorization_sha256:
            return False
        if rule.first is not None and attempt > rule.first:
            return False
        if rule.at_most is not None and self._applied[index] >= rule.at_most:
            return False
        self._fitted[index] += 1
        if rule.every is not None and self._fitted[index] % rule.every != 0:
            return False
        # A hash, not a random number, so that the same prompts fail in every run of the same script.
        return rule.share is None or self._dice(index, prompt, attempt) < rule.share

    def _dice(self, index: int, prompt: str, attempt: int) -> float:
        text = f"{self._seed}:{index}:{attempt}:{prompt}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.sha256(text).digest()[:8]) / 2**64


def _is_sent(name: str, asked: dict[str, Any]) -> bool:
    if name == "system":
        messages = asked.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else None
        return isinstance(first, dict) and first.get("role") in ("system", "developer")
    response_format = asked.get("response_format")
    return name in asked or (isinstance(response_format, dict) and response_format.get("type") == name)


def _is_about(rule: Rule, method: str, path: str) -> bool:
    if rule.method is not None and rule.method != method:
        return False
    if rule.path is None:
        # A rule for calls must not hit what is said about batches of calls.
        return not path.startswith(("/v1/files", "/v1/batches"))
    return path.startswith(rule.path)
