"""A listener that shows Envoy's figures to Prometheus, and nothing else of its admin interface."""

from pathlib import Path

from gateway.parts import Config, extension, socket_address

CLUSTER = "admin"
PATH = "/metrics"
_SECONDS = "10s"


def metrics_listener(address: str) -> Config:
    """Plain HTTP, on a port that a network policy opens to Prometheus alone. Of paths, methods and queries,
    only the one that lists the figures reaches the admin interface."""
    figures = {
        # As a header, the path has its query: with one, nothing matches.
        "match": {"path": PATH, "headers": [_exactly(":path", PATH), _exactly(":method", "GET")]},
        "route": {"cluster": CLUSTER, "prefix_rewrite": "/stats/prometheus", "timeout": _SECONDS},
    }
    routes = {
        "name": "metrics",
        "virtual_hosts": [
            {
                "name": "metrics",
                "domains": ["*"],
                "routes": [figures, {"match": {"prefix": "/"}, "direct_response": {"status": 404}}],
            }
        ],
    }
    connection = extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="metrics",
        codec_type="HTTP1",
        request_headers_timeout=_SECONDS,
        stream_idle_timeout=_SECONDS,
        common_http_protocol_options={"idle_timeout": "60s", "max_headers_count": 32},
        route_config=routes,
        http_filters=[
            extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")
        ],
    )
    return {
        "name": "metrics",
        "address": socket_address(address),
        "per_connection_buffer_limit_bytes": 64 * 1024,
        "filter_chains": [{"filters": [connection]}],
    }


def _exactly(header: str, value: str) -> Config:
    return {"name": header, "string_match": {"exact": value}}


def admin_cluster(socket: Path) -> Config:
    """Envoy's own admin interface, as a cluster."""
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(socket)}}}}
    return {
        "name": CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "circuit_breakers": {"thresholds": [{"max_connections": 4, "max_requests": 4}]},
    }
