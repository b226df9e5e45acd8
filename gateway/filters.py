"""The filters a request passes: header rules, limits, authorisation, buffering, transcoding, routing."""

from collections.abc import Iterable
from pathlib import Path

from gateway.errors import lua_tables
from gateway.limits import limiter
from gateway.parts import Config, duration, extension, typed

AUTHORISATION = "envoy.filters.http.ext_authz"
BUFFER = "envoy.filters.http.buffer"
# Meant for testing how others bear delays.
PAUSE = "envoy.filters.http.fault"
PAUSE_TYPE = "envoy.extensions.filters.http.fault.v3.HTTPFault"
TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
TRANSCODER_TYPE = "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder"
DESCRIPTORS_FILE = "smelt.binpb"
AUTHORISATION_SECONDS = 2
#: What JSON can make of the largest answer: up to six times the megabyte that services put into one.
MAX_ANSWER_BYTES = 8 * 1024 * 1024
SCRIPT = Path(__file__).with_name("edge.lua")
# The request headers that auth sees, besides the method and path.
SHOWN_TO_AUTH = ("authorization", "user-agent", "x-envoy-external-address", "x-request-id")


def http_filters(services: Iterable[str], out: Path, *, fields: Config, max_json_bytes: int) -> list[Config]:
    """The filters in the order that requests pass them; responses pass them in reverse."""
    return [
        # First, so that it is the last to change responses.
        extension(
            "envoy.filters.http.lua",
            "envoy.extensions.filters.http.lua.v3.Lua",
            default_source_code={"inline_string": lua_tables() + SCRIPT.read_text()},
            # The route chosen by what the client sent stays as it is.
            clear_route_cache=False,
        ),
        {**extension(PAUSE, PAUSE_TYPE), "disabled": True},
        # Requests that will be refused are refused here, while nothing of their bodies is kept.
        limiter(),
        _authorisation(),
        # JSON bodies are buffered: older HTTP/2 clients fail on a response that precedes the body's end.
        extension(BUFFER, "envoy.extensions.filters.http.buffer.v3.Buffer", max_request_bytes=max_json_bytes),
        # Reads what was buffered, and the transcoder reads what it leaves.
        fields,
        {"name": TRANSCODER, "typed_config": transcoder(services, out, max_body_bytes=max_json_bytes)},
        extension(
            "envoy.filters.http.router",
            "envoy.extensions.filters.http.router.v3.Router",
            suppress_envoy_headers=True,
        ),
    ]


def transcoder(
    services: Iterable[str], out: Path, *, events: bool = False, max_body_bytes: int | None = None
) -> Config:
    """Translate JSON to gRPC and back. It uses the REST routes and proto field names, and prints zeros."""
    stream = "stream_sse_style_delimited" if events else "stream_newline_delimited"
    return typed(
        TRANSCODER_TYPE,
        proto_descriptor=str(out / DESCRIPTORS_FILE),
        services=sorted(services),
        match_incoming_request_route=True,
        convert_grpc_status=True,
        query_param_unescape_plus=True,
        print_options={
            "always_print_primitive_fields": True,
            "preserve_proto_field_names": True,
            stream: True,
        },
        request_validation_options={
            "reject_unknown_method": True,
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": True,
        },
        # Without it, an answer has as much room as a connection's buffer, and a larger one becomes a 500.
        max_response_body_size=MAX_ANSWER_BYTES,
        **({} if max_body_bytes is None else {"max_request_body_size": max_body_bytes}),
    )


def _authorisation() -> Config:
    """Ask auth once per request. If auth does not answer, the request is refused."""
    return extension(
        AUTHORISATION,
        "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        transport_api_version="V3",
        stat_prefix="auth",
        failure_mode_allow=False,
        status_on_error={"code": "ServiceUnavailable"},
        allowed_headers={"patterns": [{"exact": name} for name in SHOWN_TO_AUTH]},
        grpc_service={
            "envoy_grpc": {"cluster_name": "auth"},
            "timeout": duration(AUTHORISATION_SECONDS),
        },
    )
