"""A 200's body as an answer: its text, how it ended, and what it used."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.processor.provider.dialect.counts import NO_COUNTS, Counts, counts_in
from services.processor.provider.dialect.documents import document
from services.processor.provider.dialect.events import looks_like_events, put_together
from services.processor.provider.dialect.thinking import without_thinking

#: Why an answer ended, in providers' words in lower case; one line for each meaning.
WHOLE = frozenset(
    {
        "",
        "stop",
        "eos",
        "eos_token",
        "end_turn",
        "stop_sequence",
        "end",
        "done",
        "complete",
        "completed",
        "finish",
    }
    | {"finished", "stop_token", "function_call", "tool_calls", "tool_use", "finish_reason_stop", "success"}
)
CUT_OFF = frozenset(
    {
        "length",
        "max_tokens",
        "model_length",
        "max_output_tokens",
        "max_length",
        "max_completion_tokens",
        "token_limit",
    }
    | {"finish_reason_length", "finish_reason_max_tokens", "context_length_exceeded", "max_tokens_reached"}
    | {"model_context_window_exceeded", "incomplete", "truncated"}
)
FILTERED = frozenset(
    {
        "content_filter",
        "content_filtered",
        "safety",
        "sensitive",
        "recitation",
        "blocklist",
        "prohibited_content",
    }
    | {"spii", "refusal", "moderation", "content-filter", "image_safety", "guardrail_intervened", "language"}
    | {"flagged", "blocked", "error_toxic", "finish_reason_content_filter"}
)
BROKEN_OFF = frozenset(
    {
        "error",
        "abort",
        "aborted",
        "cancelled",
        "canceled",
        "network_error",
        "insufficient_system_resource",
        "timeout",
    }
    | {
        "malformed_function_call",
        "malformed_response",
        "unexpected_tool_call",
        "overloaded",
        "server_error",
        "load",
    }
    | {"preempted", "other", "finish_reason_error", "eviction"}
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a 200 says; every field is as the provider sent it, cleaned of what is no answer."""

    #: The answer's text, empty if there is none.
    text: str = ""
    #: The reason of its end, in lower case.
    finish: str = ""
    counts: Counts = NO_COUNTS
    #: Whether thinking was taken off the text.
    had_thinking: bool = False
    #: Whether the model refused, in words of its own.
    is_refusal: bool = False
    #: The body's error object: a failure in the clothes of a 200. None if there is none.
    error: Any = None
    #: Whether the body is no chat completion at all.
    is_unreadable: bool = False


def said_by(body: bytes) -> Said:
    """Read a 200's body, which may be of any shape."""
    said: Any = (
        put_together(body) if looks_like_events(body) else document(body.removeprefix(b"\xef\xbb\xbf"))
    )
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if not isinstance(said, dict):
        return Said(is_unreadable=True)
    counts = counts_in(said)
    choices = said.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    error = said.get("error") or (choice.get("error") if isinstance(choice, dict) else None)
    if error:
        return Said(counts=counts, error=error)
    if not isinstance(choice, dict):
        if choices is None and said.keys() & {"message", "detail", "msg", "code", "errors", "status"}:
            # A refusal without the word: no answer has any of these beside no choices.
            return Said(counts=counts, error=said)
        return Said(counts=counts, is_unreadable=True)
    message = choice.get("message", choice.get("delta"))
    content = message.get("content") if isinstance(message, dict) else choice.get("text")
    refusal = message.get("refusal") if isinstance(message, dict) else None
    text, had_thinking = without_thinking(_text(content))
    finish = choice.get("finish_reason")
    if finish is None:
        finish = choice.get("stop_reason", choice.get("done_reason"))
    return Said(
        text=text,
        finish=finish.strip().lower()[:64] if isinstance(finish, str) else "",
        counts=counts,
        had_thinking=had_thinking,
        is_refusal=not text.strip() and isinstance(refusal, str) and bool(refusal),
    )


def _text(content: object) -> str:
    """Return the words of a message's content: a text, or parts of which only texts count."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, list):
        return ""
    texts = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping) and part.get("type", "text") in ("text", "output_text"):
            text = part.get("text", part.get("content"))
            if isinstance(text, Mapping):
                text = text.get("value")
            if isinstance(text, str):
                texts.append(text)
    return "".join(texts)
