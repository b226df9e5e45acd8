"""The optional parts of our request, and how refusals name them."""

import re
from collections.abc import Collection, Mapping
from typing import Any

#: Parts that a request can do without, or say in another way. `system` is the instructions' own message;
#: `json_schema` and `json_object` are the two stages of a demanded format.
TEMPERATURE, STORE, STREAM, SYSTEM = "temperature", "store", "stream", "system"
JSON_SCHEMA, JSON_OBJECT = "json_schema", "json_object"
MAX_TOKENS, MAX_COMPLETION_TOKENS = "max_tokens", "max_completion_tokens"
REASONING_EFFORT = "reasoning_effort"

_FORMAT = (
    r"response[_ ]?format|json[_ ]schema|structured[_ ]outputs?|json[_ ]mode|guided[_ ]json|json[_ ]object"
)
#: One line for each part: how a refusal names it, in lower case.
_NAMES = {
    TEMPERATURE: re.compile(r"\btemperature\b"),
    STORE: re.compile(r"\bstore\b"),
    STREAM: re.compile(r"\bstream(?:ing)?\b"),
    SYSTEM: re.compile(
        r"\bsystem['\"`]? (?:role|messages?|prompts?|instructions?)|\b(?:developer|system)[_ ]instructions?\b"
        r"|\brole\b.{0,40}\bsystem\b|\broles? must alternate|\bonly (?:the )?['\"`]?user['\"`]?"
    ),
    JSON_SCHEMA: re.compile(rf"\b(?:{_FORMAT})"),
    JSON_OBJECT: re.compile(rf"\b(?:{_FORMAT})"),
    MAX_TOKENS: re.compile(r"\bmax[_ ]tokens\b"),
    MAX_COMPLETION_TOKENS: re.compile(r"\bmax[_ ]completion[_ ]tokens\b"),
    REASONING_EFFORT: re.compile(r"\breasoning[_. ]effort\b|\breasoning\b"),
}
#: A limit that is too high is no limit that is unknown: leaving it out would not help.
_TOO_HIGH = re.compile(
    r"too (?:large|long|high|big|many)|maximum|at most|less than|greater than|exceed|up to|\brange\b|between"
)
#: Words of a refusal of a part, for statuses that usually mean something else.
REFUSED = re.compile(
    r"unsupported|(?:not|n't|n’t|cannot|only) (?:be )?(?:supported?|permitted|allowed|accept|available"
    r"|enabled|found|used|valid)|unrecogni[sz]ed|unknown|unexpected|extra (?:inputs|fields)|invalid"
    r"|unavailable|does not support"
    r"|additional propert|no (?:endpoints|providers) found"
)


def refused_parts(words: str, sent: Collection[str]) -> frozenset[str]:
    """Return which parts of a sent request a refusal names, in lower-case words."""
    found = {part for part in sent if (name := _NAMES.get(part)) is not None and name.search(words)}
    if found & {MAX_TOKENS, MAX_COMPLETION_TOKENS} and _TOO_HIGH.search(words):
        other = {MAX_TOKENS, MAX_COMPLETION_TOKENS} - found
        # "'max_tokens' is not supported, use 'max_completion_tokens'" tells which one is meant.
        if not any(_NAMES[part].search(words) for part in other) or not REFUSED.search(words):
            found -= {MAX_TOKENS, MAX_COMPLETION_TOKENS}
    return frozenset(found)


def parts_of(request: Mapping[str, Any]) -> frozenset[str]:
    """Return which optional parts a request has."""
    found = {part for part in _NAMES if part in request}
    form = request.get("response_format")
    if isinstance(form, Mapping) and form.get("type") in (JSON_SCHEMA, JSON_OBJECT):
        found.add(form["type"])
    if any(message.get("role") == SYSTEM for message in request.get("messages", ())):
        found.add(SYSTEM)
    return frozenset(found)
