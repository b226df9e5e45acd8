"""How much of a request's body is kept, and for how many requests of one client at once."""

from gateway.bindings import Binding
from gateway.fields.check import fields_of
from gateway.filters import BUFFER, PAUSE, PAUSE_TYPE
from gateway.limits import of_requests, without_session
from gateway.parts import Config, duration, typed
from gateway.public import is_public

# Fits a prompt of 50,000 characters, each written as two JSON escapes of six bytes, and the other fields.
MAX_JSON_BYTES = 1024 * 1024
# Fits an address, a password and a token, each written in JSON escapes.
PUBLIC_JSON_BYTES = 16 * 1024
# Requests without a body may still have an empty object.
NO_BODY_BYTES = 1024

BUFFER_TYPE = "envoy.extensions.filters.http.buffer.v3.BufferPerRoute"
UNBUFFERED = {BUFFER: typed(BUFFER_TYPE, disabled=True)}
# A refusal that comes before a body is the end of it, which clients such as curl 7.88 over HTTP/2 take for a
# failed connection. So a body that fits into one packet or three is given the time to arrive, and dropped.
SHORT_BYTES = 4096
PAUSE_SECONDS = 0.01
SHORT_BODY = {"name": "content-length", "range_match": {"start": 1, "end": SHORT_BYTES + 1}}
AFTER_A_PAUSE = {
    PAUSE: typed(
        PAUSE_TYPE,
        delay={"fixed_delay": duration(PAUSE_SECONDS), "percentage": {"numerator": 100}},
        headers=[SHORT_BODY],
    )
}


def longest_body(binding: Binding) -> int:
    """The longest body in bytes that a call with a JSON body, or none, may have."""
    if is_public(binding):
        return PUBLIC_JSON_BYTES
    return MAX_JSON_BYTES if binding.body else NO_BODY_BYTES


def bounds(binding: Binding, requests_per_second: int) -> Config:
    """The configuration of the buffer, the check of fields and the limiter for the route of a call."""
    if binding.raw_request:
        return UNBUFFERED | of_requests(requests_per_second, bodies_pass=True)
    buffer = {BUFFER: typed(BUFFER_TYPE, buffer={"max_request_bytes": longest_body(binding)})}
    buffer |= fields_of(binding)
    return buffer | without_session() if is_public(binding) else buffer
