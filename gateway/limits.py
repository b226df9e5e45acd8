"""Rate limits per address for calls that need no session. The services enforce the exact limits."""

from gateway.parts import Config, extension, headers, typed

LIMITER = "envoy.filters.http.local_ratelimit"
LIMITER_TYPE = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
# A password check takes about a quarter of a second of one core; no honest client comes near this rate.
BURST = 100
PER_SECOND = 10
ADDRESSES = 10_000
ALL_ADDRESSES_PER_SECOND = 500


def limiter() -> Config:
    """The filter, which by itself limits nothing."""
    return extension(LIMITER, LIMITER_TYPE, stat_prefix="none")


def per_address() -> Config:
    """The configuration of a limited route: a bucket for each client address, and one for all of them."""
    always = {"default_value": {"numerator": 100}}
    bucket = {"max_tokens": BURST, "tokens_per_fill": PER_SECOND, "fill_interval": "1s"}
    config = typed(
        LIMITER_TYPE,
        stat_prefix="public",
        token_bucket={
            "max_tokens": ALL_ADDRESSES_PER_SECOND,
            "tokens_per_fill": ALL_ADDRESSES_PER_SECOND,
            "fill_interval": "1s",
        },
        filter_enabled=always,
        filter_enforced=always,
        rate_limits=[{"actions": [{"remote_address": {}}]}],
        max_dynamic_descriptors=ADDRESSES,
        # An entry without a value makes a bucket for each value seen.
        descriptors=[{"entries": [{"key": "remote_address"}], "token_bucket": bucket}],
        response_headers_to_add=headers({"retry-after": "1"}),
    )
    return {LIMITER: config}
