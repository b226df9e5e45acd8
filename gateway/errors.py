"""Refusals of Envoy's own and of gRPC's: one JSON shape, fixed messages, the headers of every response."""

import json
from dataclasses import dataclass
from typing import Any

from gateway.addresses import readable
from gateway.parts import Config, headers, typed

# RFC 6797 and the OWASP list for an API that never serves a page.
SECURITY_HEADERS = {
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    # `default-src` says nothing about the last three.
    "content-security-policy": "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
# Envoy's or its transcoder's own message, such as which query parameter is unknown.
OWN_WORDS = "%LOCAL_REPLY_BODY%"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP status with its google.rpc.Code, reason and message."""

    status: int
    code: int
    reason: str
    message: str


REFUSALS = (
    Refusal(403, 7, "FORBIDDEN", "This request is not allowed"),
    Refusal(404, 5, "ROUTE_NOT_FOUND", "There is no such address; /openapi.json lists all of them"),
    Refusal(405, 12, "METHOD_NOT_ALLOWED", "This address does not support this HTTP method"),
    Refusal(408, 4, "REQUEST_TIMEOUT", "The request took too long to arrive; try again"),
    Refusal(413, 8, "BODY_TOO_LARGE", "The request body is too large"),
    Refusal(
        415,
        3,
        "UNSUPPORTED_MEDIA_TYPE",
        "Send application/json in UTF-8, or the file itself, without content-encoding",
    ),
    Refusal(426, 3, "UPGRADE_REQUIRED", "Use HTTP/1.1 or HTTP/2"),
    Refusal(429, 8, "TOO_MANY_REQUESTS", "Too many requests; try again later"),
    Refusal(431, 8, "HEADERS_TOO_LARGE", "The request headers are too large"),
    Refusal(501, 12, "NOT_IMPLEMENTED", "This kind of request is not supported"),
    Refusal(502, 14, "UNAVAILABLE", "The service is unavailable; try again later"),
    Refusal(504, 4, "DEADLINE_EXCEEDED", "The service took too long to respond"),
)
UNAVAILABLE = Refusal(503, 14, "UNAVAILABLE", "The service is unavailable; try again later")
FILE_TOO_LARGE = Refusal(413, 8, "FILE_TOO_LARGE", "File too large")
INVALID = Refusal(400, 3, "INVALID_REQUEST", OWN_WORDS)
MALFORMED = Refusal(400, 3, "INVALID_REQUEST", "The request is malformed and cannot be read")
NO_TEXT = Refusal(400, 3, "INVALID_REQUEST", "The address is malformed, or contains text that is not UTF-8")
INTERNAL = Refusal(500, 13, "INTERNAL", "internal error")
#: Answers of services without an ErrorInfo come from gRPC itself, whose words are not for people: by HTTP
#: status, what is answered instead. Whatever is not listed is internal.
UNSHAPED = {refusal.status: refusal for refusal in (*REFUSALS, UNAVAILABLE, MALFORMED)} | {
    401: Refusal(401, 16, "UNAUTHENTICATED", "Sign in first"),
    # The address exists; what is missing, only the service could have said.
    404: INTERNAL,
    # The service ended the call, as it does at its stop. Nobody reads this if the client did.
    499: UNAVAILABLE,
}


def local_replies(upload_path: str) -> Config:
    """The mappers; the first match wins. `upload_path` is a pattern of the paths that accept files."""
    return {
        "mappers": [
            # When the authorisation service cannot be reached, the response has the flag UAEX too, with an
            # empty body, so this mapper must come before the one that keeps bodies.
            _mapper(_status(UNAVAILABLE.status), UNAVAILABLE),
            _as_it_is(_flag("UAEX")),
            _mapper(_all(_status(413), _path(upload_path)), FILE_TOO_LARGE),
            *(_mapper(_status(refusal.status), refusal) for refusal in REFUSALS),
            # The check of fields brings its own JSON.
            _as_it_is(_all(_status(400), _refused_because("lua_response"))),
            _mapper(_all(_status(400), _refused_because("grpc_json_transcode_failure")), INVALID),
            _mapper(_all(_status(400), {"header_filter": {"header": readable(invert=True)}}), NO_TEXT),
            _mapper(_status(500, "GE"), INTERNAL),
            _mapper(_status(400, "GE"), MALFORMED),
        ]
    }


def body(refusal: Refusal) -> Config:
    """The JSON of a refusal."""
    return {
        "code": refusal.code,
        "message": refusal.message,
        "details": [{"@type": ERROR_INFO, "reason": refusal.reason, "domain": "smelt"}],
    }


def lua_tables() -> str:
    """The same refusals for the script at the edge: `unshaped` by HTTP status, and `internal`."""
    entries = "".join(f"  [{status}] = {_lua(refusal)},\n" for status, refusal in sorted(UNSHAPED.items()))
    return f"local internal = {_lua(INTERNAL)}\nlocal unshaped = {{\n{entries}}}\n"


def _lua(refusal: Refusal) -> str:
    # A long string of Lua, in which nothing is escaped.
    return f'{{ status = "{refusal.status}", body = [==[{json.dumps(body(refusal))}]==] }}'


def _mapper(condition: Config, refusal: Refusal) -> Config:
    return {
        "filter": condition,
        **({} if refusal.message == OWN_WORDS else {"body": {"inline_string": refusal.message}}),
        "body_format_override": {
            "json_format": {**body(refusal), "message": OWN_WORDS},
        },
        "headers_to_add": headers(SECURITY_HEADERS),
    }


def _as_it_is(condition: Config) -> Config:
    text: dict[str, Any] = {"inline_string": OWN_WORDS}
    return {
        "filter": condition,
        "body_format_override": {"text_format_source": text, "content_type": "application/json"},
        "headers_to_add": headers(SECURITY_HEADERS),
    }


def _status(value: int, comparison: str = "EQ") -> Config:
    number = {"default_value": value, "runtime_key": f"smelt.local_reply.{value}"}
    return {"status_code_filter": {"comparison": {"op": comparison, "value": number}}}


def _flag(flag: str) -> Config:
    return {"response_flag_filter": {"flags": [flag]}}


def _refused_because(details: str) -> Config:
    cel = typed(
        "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
        expression=f"response.code_details.contains('{details}')",
    )
    return {"extension_filter": {"name": "envoy.access_loggers.extension_filters.cel", "typed_config": cel}}


def _path(pattern: str) -> Config:
    matcher = {"safe_regex": {"regex": rf"(?:{pattern})(?:\?.*)?"}}
    return {"header_filter": {"header": {"name": ":path", "string_match": matcher}}}


def _all(*filters: Config) -> Config:
    return {"and_filter": {"filters": list(filters)}}
