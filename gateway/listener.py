"""The only listener: TLS, HTTP/1.1 and HTTP/2, with a bound on all that a client can send or hold open."""

from gateway.arrivals import arrivals
from gateway.errors import SECURITY_HEADERS
from gateway.http2 import http2_options
from gateway.limits import of_requests
from gateway.parts import Config, duration, extension, headers, socket_address, typed
from gateway.secrets import secret_source

HEADERS_SECONDS = 10
IDLE_SECONDS = 120
# After this long a connection is asked to end with its last request. Under pressure it is much shorter, so
# that nobody keeps a place by asking for something now and then.
CONNECTION_SECONDS = 3600
# A connection whose client has read nothing for this long, while answers wait for it, is closed.
UNREAD_SECONDS = 60
# New connections that are accepted before those that are open have their turn.
ACCEPTED_AT_ONCE = 32
CHAIN = "edge"
STREAM_IDLE_SECONDS = 60
# The largest upload may take this long on a slow connection.
REQUEST_SECONDS = 3600
MAX_HEADERS_KB = 16
MAX_HEADERS = 64
BUFFER_BYTES = 1024 * 1024
# The largest file that the edge serves itself. All of them are held in memory.
MAX_DOCUMENT_BYTES = 4 * 1024 * 1024
# Headers that only Envoy and the services may set; a client's copies are removed before anything reads them.
FORGED = "|".join(
    (
        r"(?i)(x-smelt|x-envoy|x-forwarded|x-http|grpc)-.*",
        r".*-bin",
        "forwarded|x-real-ip|x-request-id|x-content-length",
    )
)
# A proxy in front of this one appends its client's address to `x-forwarded-for`. Envoy counts from the end,
# where no client can write.
FORGED_BEHIND_A_PROXY = FORGED.replace("x-forwarded|", "") + "|x-forwarded-(host|port)"
NEVER_SENT = ("server", "x-powered-by", "grpc-accept-encoding", "accept-encoding", "grpc-encoding", "trailer")
ACCESS_LOG = {
    "event": "request",
    "time": "%START_TIME%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "method": "%REQ(X-SMELT-METHOD?:METHOD)%",
    # Without its query, and without anything else that cannot be part of our addresses: see edge.lua. A
    # request that Envoy cannot read has none.
    "path": "%DYNAMIC_METADATA(smelt:path)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration_ms": "%DURATION%",
    "service": "%UPSTREAM_CLUSTER%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
}


def listener(
    address: str,
    out: str,
    *,
    routes: list[Config],
    filters: list[Config],
    replies: Config,
    requests_per_second: int,
    connections_per_second: int,
    trusted_proxies: int = 0,
) -> Config:
    """The listener of the edge. A limit of 0 means none."""
    connection = _connection(
        _route_config(routes, requests_per_second), filters, replies, trusted_proxies=trusted_proxies
    )
    return {
        "name": "edge",
        "address": socket_address(address),
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "per_connection_buffer_high_watermark_timeout": duration(UNREAD_SECONDS),
        "max_connections_to_accept_per_socket_event": ACCEPTED_AT_ONCE,
        **(arrivals(connections_per_second, chain=CHAIN) if connections_per_second else {}),
        "filter_chains": [
            {
                "name": CHAIN,
                "transport_socket_connect_timeout": duration(HEADERS_SECONDS),
                "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": _tls(out)},
                "filters": [connection],
            }
        ],
    }


def _tls(out: str) -> Config:
    return typed(
        "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        common_tls_context={
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [secret_source("edge", out)],
        },
    )


def _connection(routes: Config, filters: list[Config], replies: Config, *, trusted_proxies: int) -> Config:
    return extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="edge",
        codec_type="AUTO",
        server_header_transformation="PASS_THROUGH",
        # The client's address is that of the connection. No address counts as internal, so loopback and
        # private clients get `x-envoy-external-address` as well.
        use_remote_address=True,
        skip_xff_append=True,
        xff_num_trusted_hops=trusted_proxies,
        generate_request_id=True,
        preserve_external_request_id=False,
        always_set_request_id_in_response=True,
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        max_request_headers_kb=MAX_HEADERS_KB,
        request_headers_timeout=duration(HEADERS_SECONDS),
        request_timeout=duration(REQUEST_SECONDS),
        stream_idle_timeout=duration(STREAM_IDLE_SECONDS),
        common_http_protocol_options={
            "idle_timeout": duration(IDLE_SECONDS),
            "max_connection_duration": duration(CONNECTION_SECONDS),
            "headers_with_underscores_action": "DROP_HEADER",
            "max_headers_count": MAX_HEADERS,
        },
        http2_protocol_options=http2_options(),
        early_header_mutation_extensions=[_strip(forwarded_for=trusted_proxies == 0)],
        access_log=[_access_log()],
        local_reply_config=replies,
        route_config=routes,
        http_filters=filters,
    )


def _strip(*, forwarded_for: bool) -> Config:
    forged = FORGED if forwarded_for else FORGED_BEHIND_A_PROXY
    return extension(
        "strip",
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[{"remove_on_match": {"key_matcher": {"safe_regex": {"regex": forged}}}}],
    )


def _access_log() -> Config:
    return extension(
        "json",
        "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": ACCESS_LOG},
    )


def _route_config(routes: list[Config], requests_per_second: int) -> Config:
    host = {
        "name": "smelt",
        "domains": ["*"],
        "routes": routes,
        "typed_per_filter_config": of_requests(requests_per_second),
    }
    return {
        "name": "edge",
        # What a page of the console says of itself counts before what is said of every answer.
        "most_specific_header_mutations_wins": True,
        "max_direct_response_body_size_bytes": MAX_DOCUMENT_BYTES,
        "response_headers_to_add": headers(SECURITY_HEADERS),
        "response_headers_to_remove": list(NEVER_SENT),
        "virtual_hosts": [host],
    }
