"""The stand-in provider's responses: the right answer to a prompt, error bodies, and broken answers."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

EXCERPT_CHARACTERS = 80

PHRASES = (
    "Teams in your position save about six hours a week with one small change",
    "A short call could show where the next quarter's growth is waiting",
    "Most of the busywork behind this can be gone before Friday",
    "Your competitors started doing this in spring, and it shows",
    "There is a quieter way to win more of these conversations",
    "One page is enough to show what this would be worth to you",
    "Two weeks is all it takes to see a difference in the numbers",
    "The people who do this well all share one habit",
)


def answer_for(prompt: str) -> str:
    """Return the one answer this provider gives to a prompt, so that a test can compute it too.

    It is a phrase chosen by the prompt's hash, eight digits of that hash, and the start of the prompt's
    last line that is not blank.
    """
    digest = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()
    phrase = PHRASES[int(digest[:8], 16) % len(PHRASES)]
    last_line = next((line.strip() for line in reversed(prompt.split("\n")) if line.strip()), "")
    return f"{phrase} (ref {digest[:8]}): {last_line[:EXCERPT_CHARACTERS].rstrip()}"


def prompt_of(messages: Any) -> str:
    """Return the text of the user's last message, or of the last message if the user sent none."""
    if not isinstance(messages, list):
        return ""
    spoken = [message for message in messages if isinstance(message, dict)]
    of_user = [message for message in spoken if message.get("role") == "user"]
    last = (of_user or spoken or [{}])[-1]
    return _text(last.get("content"))


def prompt_bytes(messages: list[Any]) -> int:
    """Return the size of all messages' texts in UTF-8 bytes."""
    return sum(
        len(_text(message.get("content")).encode()) for message in messages if isinstance(message, dict)
    )


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def completion(
    content: str, model: str, prompt_bytes: int, *, sequence: int, created: int, finish_reason: str = "stop"
) -> dict[str, Any]:
    """Return a ``chat.completion`` object; a token counts as four bytes."""
    prompt_tokens = max(1, prompt_bytes // 4)
    answer_tokens = max(1, len(content) // 4)
    return {
        "id": f"chatcmpl-standin-{sequence}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": answer_tokens,
            "total_tokens": prompt_tokens + answer_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    }


def model_list(created: int) -> dict[str, Any]:
    """Return the models that the stand-in claims to have."""
    names = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "stand-in")
    return {
        "object": "list",
        "data": [
            {"id": name, "object": "model", "created": created, "owned_by": "stand-in"} for name in names
        ],
    }


def error_body(message: str, kind: str, *, code: str | None, param: str | None = None) -> bytes:
    """Return an error body in OpenAI's format."""
    return orjson.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}})


def parameter_error(name: str) -> bytes:
    """Return the refusal of a parameter that a model does not support."""
    message = f"Unsupported parameter: '{name}' is not supported with this model."
    return error_body(message, "invalid_request_error", code="unsupported_parameter", param=name)


ERRORS = {
    400: ("The request was not accepted.", "invalid_request_error", "invalid_value"),
    401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    403: ("This key is not allowed to use this model.", "invalid_request_error", "forbidden"),
    404: (
        "The model does not exist or you do not have access to it.",
        "invalid_request_error",
        "model_not_found",
    ),
    429: ("Rate limit reached. Please slow down.", "requests", "rate_limit_exceeded"),
    500: ("The server had an error while processing your request.", "server_error", None),
    503: ("The engine is currently overloaded, please try again later.", "server_error", None),
}

QUOTA_ERROR = error_body(
    "You exceeded your current quota, please check your plan and billing details.",
    "insufficient_quota",
    code="insufficient_quota",
)

HTML_PAGE = (
    b"<!doctype html><html><head><title>502 Bad Gateway</title></head>"
    b"<body><h1>502 Bad Gateway</h1><script>alert(1)</script></body></html>"
)

NOT_JSON = b'{"id": "chatcmpl-standin", "choices": [{"message": {"content": "this never en'


def status_error(status: int, echoed_key: str = "") -> bytes:
    """Return the error body for a status. If a key is given, echo it as the real service does in a 401."""
    message, kind, code = ERRORS.get(status, ("Something went wrong.", "server_error", None))
    if echoed_key:
        message = f"{message.rstrip('.')}: {echoed_key}. You can find your API key in your account."
    return error_body(message, kind, code=code)


def partly_hidden(key: str) -> str:
    """Return a key with its middle masked by asterisks, as OpenAI's 401 shows it."""
    return f"{key[:8]}{'*' * max(4, len(key) - 12)}{key[-4:]}" if len(key) > 12 else "****"


def wrong_types(sequence: int) -> bytes:
    """Return valid JSON of roughly the right shape in which every type is wrong."""
    return orjson.dumps(
        {
            "id": sequence,
            "object": ["chat.completion"],
            "model": None,
            "choices": [{"index": "first", "message": {"content": {"text": 42}}, "finish_reason": 0}],
            "usage": {"prompt_tokens": "many", "completion_tokens": -1, "total_tokens": None},
        }
    )
