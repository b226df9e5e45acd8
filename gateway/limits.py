"""Rate limits per client address: for all requests that reach a service, and for those that need no session.

The first keep a flood of one sender from filling the queue of everybody else's; the services enforce exact
limits.
"""

from gateway.parts import Config, extension, headers, typed

LIMITER = "envoy.filters.http.local_ratelimit"
LIMITER_TYPE = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
# A password check takes about a quarter of a second of one core; no honest client comes near this rate.
BURST = 100
PER_SECOND = 10
ADDRESSES = 10_000
ALL_ADDRESSES_PER_SECOND = 500
# One client: an IPv4 address, or the /64 of an IPv6 address, all of which one sender can use.
CLIENT = {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}
# A body is kept whole until it is translated. Larger ones, and those of unknown length, have buckets of their
# own. None lasts longer than 40 seconds, so one client can have 250 of each kept, of a megabyte at most. Few
# requests have such bodies, long templates above all.
LARGE_BYTES = 64 * 1024
LARGE_AT_ONCE = 50
LARGE_PER_SECOND = 5
Buckets = dict[tuple[tuple[str, str], ...], Config]
#: The filter on routes that the edge answers itself, which cost nothing.
UNLIMITED = {LIMITER: typed("envoy.config.route.v3.FilterConfig", disabled=True)}


def limiter() -> Config:
    """The filter, which by itself limits nothing."""
    return extension(LIMITER, LIMITER_TYPE, stat_prefix="none")


def of_requests(per_second: int, *, bodies_pass: bool = False) -> Config:
    """The configuration of routes that need a session: `per_second` for each client; 0 for no limit.

    Where bodies pass through without being kept, their length does not matter.
    """
    if not per_second:
        return {}
    buckets: Buckets = {(): _bucket(per_second, per_second)}
    actions: list[list[Config]] = [[]]
    if not bodies_pass:
        for value, conditions in _LARGE.items():
            buckets[(("header_match", value),)] = _bucket(LARGE_AT_ONCE, LARGE_PER_SECOND)
            actions.append([{"header_value_match": {"descriptor_value": value, "headers": conditions}}])
    # The bucket of all clients together is never empty.
    return {LIMITER: _limits("client", buckets, actions, common=_bucket(2**31, 2**31))}


def without_session() -> Config:
    """The configuration of routes that need no session: a bucket for each client, and one for all of them."""
    common = _bucket(ALL_ADDRESSES_PER_SECOND, ALL_ADDRESSES_PER_SECOND)
    return {LIMITER: _limits("public", {(): _bucket(BURST, PER_SECOND)}, [[]], common=common)}


_LARGE: dict[str, list[Config]] = {
    "large": [{"name": "content-length", "range_match": {"start": LARGE_BYTES + 1, "end": 2**63 - 1}}],
    "chunked": [{"name": "transfer-encoding", "present_match": True}],
    "unknown": [
        {"name": "content-length", "present_match": False},
        {"name": ":method", "string_match": {"safe_regex": {"regex": "POST|PUT|PATCH"}}},
    ],
}


def _bucket(at_once: int, per_second: int) -> Config:
    return {"max_tokens": at_once, "tokens_per_fill": per_second, "fill_interval": "1s"}


def _limits(
    name: str,
    buckets: Buckets,
    actions: list[list[Config]],
    *,
    common: Config,
) -> Config:
    """Buckets of each client, by what else a request must match, and the actions that tell it."""
    always = {"default_value": {"numerator": 100}}
    return typed(
        LIMITER_TYPE,
        stat_prefix=name,
        token_bucket=common,
        filter_enabled=always,
        filter_enforced=always,
        rate_limits=[{"actions": [*others, {"masked_remote_address": CLIENT}]} for others in actions],
        max_dynamic_descriptors=ADDRESSES,
        descriptors=[
            {
                # An entry without a value makes a bucket for each value seen.
                "entries": [
                    *({"key": key, "value": value} for key, value in others),
                    {"key": "masked_remote_address"},
                ],
                "token_bucket": bucket,
            }
            for others, bucket in buckets.items()
        ],
        response_headers_to_add=headers({"retry-after": "1"}),
    )
