"""The whole configuration of Envoy, as one document."""

from pathlib import Path

from google.protobuf import descriptor_pb2

from gateway.bindings import bindings
from gateway.clusters import clusters
from gateway.errors import local_replies
from gateway.filters import http_filters
from gateway.listener import listener
from gateway.parts import Config, extension
from gateway.routes import MAX_JSON_BYTES, routes, upload_paths
from gateway.settings import GatewaySettings

MAX_CONNECTIONS = 10_000
MAX_HEAP_BYTES = 1024**3
# Once a connection has made this many requests, it is closed if the client reset more than half of them
# within a second of their start (CVE-2023-44487).
RESETS_COUNTED_FROM = 200
REQUESTS_PER_READ = 10
# Envoy refuses patterns that RE2 compiles to more instructions than this, by default 100, because they take
# memory. All of ours are known; that of readable addresses is the largest, and matching stays linear.
MAX_PATTERN_SIZE = 500


def bootstrap(descriptors: descriptor_pb2.FileDescriptorSet, settings: GatewaySettings, out: Path) -> Config:
    """The bootstrap document. Services without an HTTP binding are left out."""
    edge = bindings(descriptors)
    services = {binding.service for binding in edge}
    return {
        "node": {"id": "gateway", "cluster": "smelt"},
        **_admin(settings.gateway_admin_socket),
        "overload_manager": _overload(),
        "layered_runtime": _runtime(),
        "static_resources": {
            "listeners": [
                listener(
                    settings.gateway_listen,
                    str(out),
                    routes=routes(edge, settings, out),
                    filters=http_filters(services, out, max_json_bytes=MAX_JSON_BYTES),
                    replies=local_replies(upload_paths(edge)),
                    trusted_proxies=settings.trusted_proxies,
                )
            ],
            "clusters": clusters(settings, str(out)),
        },
    }


def _admin(socket: Path | None) -> Config:
    """The admin interface, which can read everything and end Envoy, behind the permissions of a file. A port
    would be open to each user of the machine, and to forms on pages that one of them has opened."""
    return {} if socket is None else {"admin": {"address": {"pipe": {"path": str(socket), "mode": 0o600}}}}


def _overload() -> Config:
    monitors = "envoy.extensions.resource_monitors"
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            extension(
                "envoy.resource_monitors.global_downstream_max_connections",
                f"{monitors}.downstream_connections.v3.DownstreamConnectionsConfig",
                max_active_downstream_connections=MAX_CONNECTIONS,
            ),
            extension(
                "envoy.resource_monitors.fixed_heap",
                f"{monitors}.fixed_heap.v3.FixedHeapConfig",
                max_heap_size_bytes=MAX_HEAP_BYTES,
            ),
        ],
        "actions": [
            _when_heap_reaches(0.9, "envoy.overload_actions.shrink_heap"),
            _when_heap_reaches(0.95, "envoy.overload_actions.stop_accepting_requests"),
        ],
    }


def _when_heap_reaches(share: float, action: str) -> Config:
    trigger = {"name": "envoy.resource_monitors.fixed_heap", "threshold": {"value": share}}
    return {"name": action, "triggers": [trigger]}


def _runtime() -> Config:
    values = {
        "overload": {"premature_reset_total_stream_count": RESETS_COUNTED_FROM},
        "http": {"max_requests_per_io_cycle": REQUESTS_PER_READ},
        "re2": {"max_program_size": {"error_level": MAX_PATTERN_SIZE}},
    }
    return {"layers": [{"name": "bounds", "static_layer": values}]}
