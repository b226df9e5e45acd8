"""The fields that JSON bodies can have, as a table of Lua: by message, under both names of each field."""

import json
from collections.abc import Iterable, Mapping

from google.protobuf import descriptor_pb2

from gateway.bindings import Binding
from gateway.proto_index import ProtoIndex

Field = descriptor_pb2.FieldDescriptorProto
NUMBERS = frozenset(
    {
        Field.TYPE_DOUBLE,
        Field.TYPE_FLOAT,
        *(Field.TYPE_INT32, Field.TYPE_SINT32, Field.TYPE_SFIXED32, Field.TYPE_UINT32, Field.TYPE_FIXED32),
        *(Field.TYPE_INT64, Field.TYPE_SINT64, Field.TYPE_SFIXED64, Field.TYPE_UINT64, Field.TYPE_FIXED64),
    }
)
#: How protobuf's JSON mapping writes its own types.
WELL_KNOWN = {
    **dict.fromkeys(("Timestamp", "Duration", "FieldMask", "StringValue", "BytesValue"), "text"),
    **dict.fromkeys(("DoubleValue", "FloatValue", "Int32Value", "Int64Value"), "number"),
    **dict.fromkeys(("UInt32Value", "UInt64Value"), "number"),
    "BoolValue": "bool",
    "Struct": "object",
    "Any": "object",
    "Value": "any",
    "ListValue": "any",
}
_WELL_KNOWN_PREFIX = ".google.protobuf."
#: Amounts are strings, so that they stay exact, but people write them as numbers too.
MONEY_SUFFIX = "_usd"


def root(binding: Binding, protos: ProtoIndex) -> tuple[str, str]:
    """The message that the body of a call is, and the path of its fields in the request."""
    if binding.body == "*":
        return binding.request, ""
    part = next(part for part in protos.messages[binding.request].field if part.name == binding.body)
    return part.type_name, binding.body


def roots(bodies: Mapping[str, tuple[str, str]]) -> str:
    """Lua for `roots`: what the body of each call is, by a name of the call."""
    lines = (
        f"  [{_text(call)}] = {{ type = {_text(message)}, path = {_text(path)} }},\n"
        for call, (message, path) in bodies.items()
    )
    return f"local roots = {{\n{''.join(lines)}}}\n"


def table(wanted: Iterable[str], protos: ProtoIndex) -> str:
    """Lua for `messages`: the fields of the wanted messages and of all that they contain."""
    left, known = list(wanted), dict[str, str]()
    while left:
        name = left.pop()
        if name in known:
            continue
        fields = []
        for part in protos.messages[name].field:
            fields.append(f"    {_entry(part, protos)}")
            left += _messages_in(part, protos)
        known[name] = "".join(f"{field}\n" for field in fields)
    entries = "".join(f"  [{_text(name)}] = both_names({{\n{known[name]}  }}),\n" for name in sorted(known))
    return f"{_BOTH_NAMES}local messages = {{\n{entries}}}\n"


_BOTH_NAMES = """local function both_names(fields)
  local named = {}
  for _, field in ipairs(fields) do
    named[field.name] = field
    named[field.json] = field
  end
  return named
end
"""


def _entry(part: Field, protos: ProtoIndex) -> str:
    return f"{{ name = {_text(part.name)}, json = {_text(part.json_name)}, {_spec(part, protos)} }},"


def _spec(part: Field, protos: ProtoIndex) -> str:
    """The kind of a field and what belongs to it, as the entries of a table of Lua."""
    if part.label != Field.LABEL_REPEATED:
        return _single(part, protos)
    message = protos.messages.get(part.type_name)
    if message is not None and message.options.map_entry:
        return f'kind = "map", item = {{ {_single(message.field[1], protos)} }}'
    return f'kind = "list", item = {{ {_single(part, protos)} }}'


def _single(part: Field, protos: ProtoIndex) -> str:
    if part.type == Field.TYPE_ENUM:
        names = [value.name for value in protos.enums[part.type_name].value]
        listed = _text(", ".join(name for name in names if not name.endswith("_UNSPECIFIED")))
        return f'kind = "enum", listed = {listed}, names = {{ {", ".join(f"{n} = true" for n in names)} }}'
    if part.type == Field.TYPE_MESSAGE:
        well_known = WELL_KNOWN.get(part.type_name.removeprefix(_WELL_KNOWN_PREFIX))
        if part.type_name.startswith(_WELL_KNOWN_PREFIX) and well_known:
            return f'kind = "{well_known}"'
        return f'kind = "message", type = {_text(part.type_name)}'
    if part.type == Field.TYPE_BOOL:
        return 'kind = "bool"'
    if part.type in NUMBERS:
        return 'kind = "number"'
    return f'kind = "{"money" if is_money(part) else "text"}"'


def is_money(part: Field) -> bool:
    """Whether a field holds an amount, which JSON may give as a number too."""
    return part.type == Field.TYPE_STRING and part.name.endswith(MONEY_SUFFIX)


def _messages_in(part: Field, protos: ProtoIndex) -> list[str]:
    if part.type != Field.TYPE_MESSAGE or part.type_name.removeprefix(_WELL_KNOWN_PREFIX) in WELL_KNOWN:
        return []
    message = protos.messages[part.type_name]
    return _messages_in(message.field[1], protos) if message.options.map_entry else [part.type_name]


def _text(text: str) -> str:
    # A string of JSON in ASCII is also one of Lua, as long as nothing in it is escaped.
    return json.dumps(text)
