"""HTTP/2 as clients may speak it with the edge: streams, windows, and frames that are cheap to send."""

from gateway.parts import Config

MAX_STREAMS = 100
STREAM_WINDOW_BYTES = 256 * 1024
CONNECTION_WINDOW_BYTES = 1024 * 1024


def http2_options() -> Config:
    """The options of the listener."""
    return {
        "max_concurrent_streams": MAX_STREAMS,
        "initial_stream_window_size": STREAM_WINDOW_BYTES,
        "initial_connection_window_size": CONNECTION_WINDOW_BYTES,
        "connection_keepalive": {"interval": "30s", "timeout": "10s"},
        # A connection with more than these ends. The last frame of a body may be empty and does not count.
        "max_consecutive_inbound_frames_with_empty_payload": 1,
        "max_inbound_priority_frames_per_stream": 100,
        "max_inbound_window_update_frames_per_data_frame_sent": 10,
        # What waits because the client does not read it: answers to requests, and to pings and settings.
        "max_outbound_frames": 10_000,
        "max_outbound_control_frames": 1000,
    }
