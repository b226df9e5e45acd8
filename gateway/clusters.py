"""The services behind the edge, each pinned to its own certificate name."""

from gateway.parts import Config, socket_address, typed
from gateway.secrets import secret_source
from gateway.settings import SERVICES, GatewaySettings

STREAM_WINDOW_BYTES = 2 * 1024 * 1024
# All responses of a service share a few connections, and a response that its client does not read occupies
# part of the connection's window. If the window were small, a few slow downloads would stall everyone else.
# The overload manager limits memory as a whole.
CONNECTION_WINDOW_BYTES = 1024**3
# A download's messages are 512 KiB each; frames of 16 KiB, the minimum, would split each one into 32.
FRAME_BYTES = 128 * 1024
SETTINGS_MAX_FRAME_SIZE = 5  # RFC 9113, section 6.5.2
BUFFER_BYTES = 1024 * 1024
MAX_REQUESTS = 1000
# Auth is asked before each request to a service. If there were room for as many checks as one address may ask
# for in a second, and no more, it could keep everybody else out.
MAX_CHECKS = 4 * MAX_REQUESTS


def clusters(settings: GatewaySettings, out: str) -> list[Config]:
    """One cluster for each service."""
    return [_cluster(service, settings.peer(service), out) for service in SERVICES]


def _cluster(service: str, address: str, out: str) -> Config:
    most = MAX_CHECKS if service == "auth" else MAX_REQUESTS
    endpoints = [{"endpoint": {"address": socket_address(each)}} for each in address.split(",")]
    return {
        "name": service,
        "type": "STRICT_DNS",
        "connect_timeout": "2s",
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "load_assignment": {"cluster_name": service, "endpoints": [{"lb_endpoints": endpoints}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _http2()
        },
        # A service that has just come back is used within a second.
        "health_checks": [
            {
                "timeout": "1s",
                "interval": "2s",
                "no_traffic_interval": "2s",
                "unhealthy_interval": "0.5s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "grpc_health_check": {},
            }
        ],
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": most,
                    "max_pending_requests": most,
                    "max_requests": most,
                }
            ]
        },
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": _tls(service, out)},
    }


def _http2() -> Config:
    return typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config={
            "http2_protocol_options": {
                "initial_stream_window_size": STREAM_WINDOW_BYTES,
                "initial_connection_window_size": CONNECTION_WINDOW_BYTES,
                "custom_settings_parameters": [{"identifier": SETTINGS_MAX_FRAME_SIZE, "value": FRAME_BYTES}],
                "connection_keepalive": {"interval": "30s", "timeout": "5s"},
            }
        },
    )


def _tls(service: str, out: str) -> Config:
    name = {"san_type": "URI", "matcher": {"exact": f"spiffe://smelt/{service}"}}
    return typed(
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni=service,
        common_tls_context={
            "alpn_protocols": ["h2"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [secret_source("gateway", out)],
            "combined_validation_context": {
                "default_validation_context": {"match_typed_subject_alt_names": [name]},
                "validation_context_sds_secret_config": secret_source("authority", out),
            },
        },
    )
