"""The filter that compares JSON bodies with the fields that their route knows. Envoy's transcoder would drop
unknown fields, and has no switch for it."""

from collections.abc import Iterable
from pathlib import Path

from gateway.bindings import Binding
from gateway.fields.table import root, roots, table
from gateway.parts import Config, extension, typed
from gateway.proto_index import ProtoIndex

FIELDS = "smelt.fields"
SCRIPTS = ("nearest.lua", "scan.lua", "refuse.lua")
_LUA = "envoy.extensions.filters.http.lua.v3.Lua"


def script(all_bindings: Iterable[Binding], protos: ProtoIndex) -> str:
    """The table of known fields, what the body of each call is, and the code that reads both."""
    bodies = {_call(binding): root(binding, protos) for binding in all_bindings if _has_json(binding)}
    here = Path(__file__).parent
    return (
        table(sorted({message for message, _ in bodies.values()}), protos)
        + roots(bodies)
        + "".join((here / name).read_text() for name in SCRIPTS)
    )


def fields_filter(all_bindings: Iterable[Binding], protos: ProtoIndex) -> Config:
    """The filter. It is off but for the routes that `fields_of` switches on."""
    code = {"inline_string": script(all_bindings, protos)}
    filter_ = extension(FIELDS, _LUA, source_codes={FIELDS: code}, clear_route_cache=False)
    return {**filter_, "disabled": True}


def fields_of(binding: Binding) -> Config:
    """The configuration of the filter for the route of a call; nothing for a call without a JSON body."""
    if not _has_json(binding):
        return {}
    return {FIELDS: typed(f"{_LUA}PerRoute", name=FIELDS, filter_context={"call": _call(binding)})}


def _call(binding: Binding) -> str:
    # A call may have addresses with different bodies.
    return f"{binding.service}/{binding.rpc} {binding.body}"


def _has_json(binding: Binding) -> bool:
    return bool(binding.body) and not binding.raw_request
