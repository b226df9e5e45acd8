"""What Envoy gives up, and in which order, before it runs out of memory or of connections."""

from gateway.parts import Config, duration, extension, typed

HEAP = "envoy.resource_monitors.fixed_heap"
CONNECTIONS = "envoy.resource_monitors.global_downstream_max_connections"
#: How often the pressure is measured. On a fast network a hundred megabytes arrive in this time.
REFRESH = "0.1s"
#: Streams whose buffers hold at least this power of two are known by their size: 64 KiB. Below it lie all
#: honest requests but the largest templates; many more streams would have to be watched with a lower one.
TRACKED_POWER_OF_TWO = 16

# Shares of the heap. The largest streams go first, long before anybody else notices anything.
RESET_FROM, RESET_ALL = 0.4, 0.7
HURRY_FROM, HURRY_MOST = 0.5, 0.8
SHRINK = 0.8
CLOSE_KEPT_ALIVE = 0.9
REFUSE_REQUESTS = 0.95
REFUSE_CONNECTIONS = 0.98
# Shares of the connections: idle ones are closed sooner, long before the table is full.
CROWDED_FROM, CROWDED_MOST = 0.3, 0.8


def overload_manager(*, max_connections: int, max_heap_bytes: int) -> Config:
    """The overload manager, with what it measures and what it does."""
    monitors = "envoy.extensions.resource_monitors"
    return {
        "refresh_interval": REFRESH,
        "buffer_factory_config": {"minimum_account_to_track_power_of_two": TRACKED_POWER_OF_TWO},
        "resource_monitors": [
            extension(
                CONNECTIONS,
                f"{monitors}.downstream_connections.v3.DownstreamConnectionsConfig",
                max_active_downstream_connections=max_connections,
            ),
            extension(HEAP, f"{monitors}.fixed_heap.v3.FixedHeapConfig", max_heap_size_bytes=max_heap_bytes),
        ],
        "actions": [
            _action("reset_high_memory_stream", _between(HEAP, RESET_FROM, RESET_ALL)),
            _hurry(),
            _action("shrink_heap", _from(HEAP, SHRINK)),
            _action("disable_http_keepalive", _from(HEAP, CLOSE_KEPT_ALIVE)),
            _action("stop_accepting_requests", _from(HEAP, REFUSE_REQUESTS)),
        ],
        "loadshed_points": [
            {
                "name": "envoy.load_shed_points.tcp_listener_accept",
                "triggers": [_from(HEAP, REFUSE_CONNECTIONS)],
            }
        ],
    }


def _hurry() -> Config:
    """Timeouts that shrink under pressure, down to these."""
    shortest = {
        "TRANSPORT_SOCKET_CONNECT": 1,
        "HTTP_DOWNSTREAM_CONNECTION_IDLE": 2,
        # A connection that is drained ends when its last request has; honest clients open another.
        "HTTP_DOWNSTREAM_CONNECTION_MAX": 10,
        # The stream of a watched job sends something at least every 15 seconds.
        "HTTP_DOWNSTREAM_STREAM_IDLE": 20,
        "HTTP_DOWNSTREAM_STREAM_FLUSH": 5,
    }
    return {
        **_action(
            "reduce_timeouts",
            _between(HEAP, HURRY_FROM, HURRY_MOST),
            _between(CONNECTIONS, CROWDED_FROM, CROWDED_MOST),
        ),
        "typed_config": typed(
            "envoy.config.overload.v3.ScaleTimersOverloadActionConfig",
            timer_scale_factors=[
                {"timer": timer, "min_timeout": duration(seconds)} for timer, seconds in shortest.items()
            ],
        ),
    }


def _action(name: str, *triggers: Config) -> Config:
    return {"name": f"envoy.overload_actions.{name}", "triggers": list(triggers)}


def _from(monitor: str, share: float) -> Config:
    return {"name": monitor, "threshold": {"value": share}}


def _between(monitor: str, first: float, last: float) -> Config:
    return {"name": monitor, "scaled": {"scaling_threshold": first, "saturation_threshold": last}}
