"""How many connections one address can open. The rest are closed before TLS, and cost nothing.

Envoy has no bound on the connections of an address, only one on all connections. So a small script counts
arrivals where Envoy chooses the filters of a connection; a connection for which it chooses none is closed.
Nothing tells the script when a connection ends, so it bounds their rate. Together with the timeouts, which
shrink while the table of connections fills (see `overload.py`), that bounds their number too.
"""

from pathlib import Path
from string import Template

from gateway.parts import Config, extension, typed

#: The worker threads of Envoy in every deployment. Each counts by itself; connections are spread evenly.
WORKERS = 2
SCRIPT = Path(__file__).with_name("arrivals.lua")
#: An address can open as many at once as come back in this time: a browser opens six for one page, and an
#: office of a hundred people may share an address.
BURST_SECONDS = 10


def arrivals(per_second: int, *, chain: str) -> Config:
    """What the listener matches arrivals with: those that may come in get the filter chain of this name."""
    script = Template(SCRIPT.read_text()).substitute(
        per_second=per_second, at_once=per_second * BURST_SECONDS
    )
    address = extension(
        "envoy.matching.inputs.source_ip",
        "envoy.extensions.matching.common_inputs.network.v3.SourceIPInput",
    )
    may_come = extension(
        "envoy.string_matcher.lua",
        "envoy.extensions.string_matcher.lua.v3.Lua",
        source_code={"inline_string": script},
    )
    chosen = {"name": chain, "typed_config": typed("google.protobuf.StringValue", value=chain)}
    return {
        "filter_chain_matcher": {
            "matcher_list": {
                "matchers": [
                    {
                        "predicate": {
                            "single_predicate": {"input": address, "value_match": {"custom": may_come}}
                        },
                        "on_match": {"action": chosen},
                    }
                ]
            }
        }
    }
