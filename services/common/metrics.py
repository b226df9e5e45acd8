"""Prometheus metrics of every service; no label names a person."""

from prometheus_client import Counter, Gauge, Histogram

RPC_SECONDS = Histogram(
    "smelt_rpc_seconds",
    "Duration of calls with a single response, by method and outcome",
    ("method", "code"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

STREAM_SECONDS = Histogram(
    "smelt_stream_seconds",
    "Duration of calls with many responses, by method and outcome",
    ("method", "code"),
    buckets=(0.01, 0.1, 1, 10, 60, 300, 600, 1800),
)

OPEN_STREAMS = Gauge("smelt_open_streams", "Open response and request streams")

READY = Gauge("smelt_ready", "1 while the process is ready for calls, 0 while it is not or is about to stop")

CERTIFICATE_EXPIRY = Gauge(
    "smelt_certificate_expiry_timestamp_seconds",
    "When the process's own certificate ends, in seconds since 1970",
)

UNKNOWN_FINISHES = Counter(
    "smelt_provider_unknown_finish_total", "Answers whose end had a reason that is not known, taken as whole"
)

LOOP_LAG_SECONDS = Histogram(
    "smelt_loop_lag_seconds",
    "How late the event loop's heartbeat was: `wall` in all; `process` and `loop`, the part of it that this"
    " process, and the loop's own thread, can have spent on a processor",
    ("of",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
