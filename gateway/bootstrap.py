"""The whole configuration of Envoy, as one document."""

from pathlib import Path

from google.protobuf import descriptor_pb2

from gateway.bindings import bindings
from gateway.bodies import MAX_JSON_BYTES
from gateway.clusters import clusters
from gateway.errors import local_replies
from gateway.fields.check import fields_filter
from gateway.filters import http_filters
from gateway.listener import listener
from gateway.metrics import admin_cluster, metrics_listener
from gateway.overload import overload_manager
from gateway.parts import Config
from gateway.proto_index import index
from gateway.routes import routes, upload_paths
from gateway.settings import GatewaySettings

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
        "overload_manager": overload_manager(
            max_connections=settings.gateway_max_connections,
            max_heap_bytes=settings.gateway_max_heap_bytes,
        ),
        "layered_runtime": _runtime(),
        "static_resources": {
            "listeners": [
                listener(
                    settings.gateway_listen,
                    str(out),
                    routes=routes(edge, settings, out),
                    filters=http_filters(
                        services,
                        out,
                        fields=fields_filter(edge, index(descriptors)),
                        max_json_bytes=MAX_JSON_BYTES,
                    ),
                    replies=local_replies(upload_paths(edge)),
                    requests_per_second=settings.gateway_requests_per_second,
                    connections_per_second=settings.connections_per_second(),
                    trusted_proxies=settings.trusted_proxies,
                ),
                *([metrics_listener(shown)] if (shown := settings.gateway_metrics_listen) else ()),
            ],
            "clusters": [
                *clusters(settings, str(out)),
                *([admin_cluster(socket)] if shown and (socket := settings.gateway_admin_socket) else ()),
            ],
        },
    }


def _admin(socket: Path | None) -> Config:
    """The admin interface, which can read everything and end Envoy, behind the permissions of a file. A port
    would be open to each user of the machine, and to forms on pages that one of them has opened."""
    return {} if socket is None else {"admin": {"address": {"pipe": {"path": str(socket), "mode": 0o600}}}}


def _runtime() -> Config:
    values = {
        "overload": {"premature_reset_total_stream_count": RESETS_COUNTED_FROM},
        "http": {"max_requests_per_io_cycle": REQUESTS_PER_READ},
        "re2": {"max_program_size": {"error_level": MAX_PATTERN_SIZE}},
    }
    return {"layers": [{"name": "bounds", "static_layer": values}]}
