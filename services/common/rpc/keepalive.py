"""Pings on the connections between our processes: who sends how many, and how many the other side takes.

A client pings a connection so that it notices when the other side is gone. A server that gets more pings than
it expects ends the connection ("too_many_pings"), and with it every call on it. So both sides' figures stand
here, beside each other. The same holds for the gateway, whose interval is in its own settings.
"""

Options = list[tuple[str, int | str]]

#: A client pings after this long without a sign of the other side, and gives it this long to answer. Shorter
#: intervals notice a lost peer sooner, and take a peer that is merely busy for lost.
PING_SECONDS = 20
ANSWER_SECONDS = 5
#: What a server expects at least between two pings. A quarter of the interval, because after a busy moment
#: pings that were held up arrive together.
LEAST_SECONDS = 5

CLIENT_OPTIONS: Options = [
    ("grpc.keepalive_time_ms", PING_SECONDS * 1000),
    ("grpc.keepalive_timeout_ms", ANSWER_SECONDS * 1000),
    # Otherwise a client sends a ping for nearly each answer, to measure the line. A busy server counts those
    # that it reads after it has written the answers of several.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 1 << 20),
]
SERVER_OPTIONS: Options = [
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", LEAST_SECONDS * 1000),
    # None of our processes floods another, and nobody else has a certificate; the gateway bounds what
    # strangers send.
    ("grpc.http2.max_ping_strikes", 0),
]
