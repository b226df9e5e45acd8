"""Where each request goes: routes from the bindings, refusals around them, and nothing else."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from gateway.addresses import readable
from gateway.bindings import Binding
from gateway.bodies import MAX_JSON_BYTES, bounds, longest_body
from gateway.console import console
from gateway.console_files import FOLDER
from gateway.documents import documents
from gateway.filters import TRANSCODER, transcoder
from gateway.own_answers import ADMITTED_LATER, OPEN, refused
from gateway.parts import Config, duration, headers
from gateway.public import is_public
from gateway.settings import GatewaySettings
from services.common.rpc.hearing_out import MOST_BYTES

UNARY_SECONDS = 15
LONG_SECONDS = 600
# From the first byte of a JSON request to the last byte of its response, however slowly either is sent.
EXCHANGE_SECONDS = 40
TRANSFER_IDLE_SECONDS = 60
# The stream of a watched job sends something at least every 15 seconds.
WATCH_IDLE_SECONDS = 60
# The most that multipart/form-data may add to the file itself.
MULTIPART_BYTES = 128 * 1024
MAX_INT64 = 2**63 - 1

JSON_UTF8 = r'(?i)application/json(\s*;\s*charset="?utf-8"?)?\s*'
NOT_FOR_SERVICES = ("x-forwarded-for", "x-forwarded-proto")
# Kept for the access log, but cut to the length that services accept as metadata.
SHORT_PATH = {"x-envoy-original-path": "%REQ(X-ENVOY-ORIGINAL-PATH):512%"}


def routes(all_bindings: Iterable[Binding], settings: GatewaySettings, out: Path) -> list[Config]:
    """All routes; the first match wins."""
    by_path: dict[str, list[Binding]] = {}
    for binding in all_bindings:
        by_path.setdefault(binding.path.expanded, []).append(binding)
    built = out / FOLDER if settings.console_source else None
    uploads = [binding for group in by_path.values() for binding in group if binding.raw_request]
    return [
        *documents(out, has_console=built is not None),
        refused(400, {"prefix": "/", "headers": [readable(invert=True)]}),
        # Envoy would let these bypass the transcoder as native gRPC calls.
        refused(415, {"prefix": "/", "headers": [_header("content-type", "(?i)application/grpc.*")]}),
        refused(415, {"prefix": "/", "headers": [_header("content-encoding", "(?i)identity", invert=True)]}),
        *(_too_large(_match(binding), _longest_upload(settings)) for binding in uploads),
        *(_binding_route(binding, settings, out) for binding in uploads),
        _too_large({"prefix": "/"}, MAX_JSON_BYTES),
        *(route for group in by_path.values() for route in _path_routes(group, settings, out)),
        *console(built),
        refused(404, {"prefix": "/"}),
        # A tunnel has no path.
        refused(404, {"connect_matcher": {}}),
    ]


def _longest_upload(settings: GatewaySettings) -> int:
    """The longest body that the service looks at, if only to refuse it once it has come."""
    return settings.max_upload_bytes + MULTIPART_BYTES + MOST_BYTES


def upload_paths(all_bindings: Iterable[Binding]) -> str:
    """A pattern of the paths that accept files."""
    return "|".join(binding.path.regex for binding in all_bindings if binding.raw_request)


def _path_routes(group: list[Binding], settings: GatewaySettings, out: Path) -> Iterator[Config]:
    """The methods of one path, and 405 for all others."""
    for binding in group:
        if binding.raw_request:
            continue
        if binding.body:
            yield from _not_json(binding)
        yield _too_large(_match(binding), longest_body(binding))
        yield _binding_route(binding, settings, out)
    allowed = sorted({method for binding in group for method in _methods(binding)})
    yield {
        **refused(405, _path_match(group[0])),
        "response_headers_to_add": headers({"allow": ", ".join(allowed)}),
    }


def _binding_route(binding: Binding, settings: GatewaySettings, out: Path) -> Config:
    per_filter = bounds(binding, settings.gateway_requests_per_second)
    if is_public(binding):
        per_filter |= OPEN
    elif binding.raw_request:
        per_filter |= ADMITTED_LATER
    if binding.is_event_stream:
        per_filter |= {TRANSCODER: transcoder([binding.service], out, events=True)}
    return {
        "match": _match(binding),
        "route": _action(binding),
        "typed_per_filter_config": per_filter,
        "request_headers_to_add": headers(
            SHORT_PATH if _streams(binding) else SHORT_PATH | _deadline(binding)
        ),
        "request_headers_to_remove": list(NOT_FOR_SERVICES),
    }


def _action(binding: Binding) -> Config:
    if not _streams(binding):
        exchange = _seconds(binding) - UNARY_SECONDS + EXCHANGE_SECONDS
        return {
            "cluster": binding.cluster,
            "idle_timeout": duration(exchange),
            # A limit on the whole exchange disables the route's own timeout. The timeout for the service is
            # therefore in the retry policy, which retries only requests that no service has started.
            "max_stream_duration": {"max_stream_duration": duration(exchange)},
            "retry_policy": {
                "retry_on": "connect-failure,refused-stream",
                "num_retries": 1,
                "per_try_timeout": duration(_seconds(binding)),
            },
        }
    idle = WATCH_IDLE_SECONDS if binding.is_event_stream else TRANSFER_IDLE_SECONDS
    return {"cluster": binding.cluster, "timeout": "0s", "idle_timeout": duration(idle)}


def _seconds(binding: Binding) -> int:
    return LONG_SECONDS if binding.is_long else UNARY_SECONDS


def _deadline(binding: Binding) -> dict[str, str]:
    """The time that a service is told it has left.

    It is a little more than the gateway's own timeout, so that a late response is always refused here, in our
    own error shape.
    """
    return {"grpc-timeout": f"{_seconds(binding) + 1}S"}


def _streams(binding: Binding) -> bool:
    return binding.client_streaming or binding.server_streaming


def _not_json(binding: Binding) -> Iterator[Config]:
    """Refuse bodies that are not declared as JSON. A request without a body may declare any type."""
    other_type = _header("content-type", JSON_UTF8, invert=True)
    not_empty = {**_header("content-length", "0", invert=True), "treat_missing_header_as_empty": True}
    no_type = {"name": "content-type", "present_match": False}
    some_length = {"name": "content-length", "range_match": {"start": 1, "end": MAX_INT64}}
    for conditions in ([other_type, not_empty], [no_type, some_length]):
        match = _match(binding)
        yield refused(415, {**match, "headers": [*match["headers"], *conditions]})


def _too_large(match: Config, limit: int) -> Config:
    """Refuse a body whose declared length is too large before reading a byte of it."""
    length = {"name": "content-length", "range_match": {"start": limit + 1, "end": MAX_INT64}}
    return refused(413, {**match, "headers": [*match.get("headers", []), length]})


def _match(binding: Binding) -> Config:
    return {**_path_match(binding), "headers": [_header(":method", "|".join(_methods(binding)))]}


def _methods(binding: Binding) -> tuple[str, ...]:
    """The methods of a binding. edge.lua turns HEAD into GET, and drops the content of the answer."""
    return ("GET", "HEAD") if binding.method == "GET" else (binding.method,)


def _path_match(binding: Binding) -> Config:
    if binding.path.fields:
        return {"safe_regex": {"regex": binding.path.regex}}
    return {"path": binding.path.text}


def _header(name: str, pattern: str, *, invert: bool = False) -> Config:
    return {"name": name, "string_match": {"safe_regex": {"regex": pattern}}, "invert_match": invert}
