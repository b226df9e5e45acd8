"""JSON Schemas of proto messages in protobuf's JSON mapping, with proto field names."""

from typing import Any

from buf.validate import validate_pb2
from google.api import field_behavior_pb2
from google.protobuf import descriptor_pb2

from gateway.fields.table import is_money
from gateway.proto_index import ProtoIndex

Schema = dict[str, Any]
Field = descriptor_pb2.FieldDescriptorProto

SCALARS: dict[int, Schema] = {
    Field.TYPE_DOUBLE: {"type": "number", "format": "double"},
    Field.TYPE_FLOAT: {"type": "number", "format": "float"},
    Field.TYPE_INT32: {"type": "integer", "format": "int32"},
    Field.TYPE_UINT32: {"type": "integer", "minimum": 0},
    # Beyond 2^53 a JSON number is not exact, so these are written as strings.
    Field.TYPE_INT64: {"type": "string", "format": "int64"},
    Field.TYPE_UINT64: {"type": "string", "format": "uint64"},
    Field.TYPE_BOOL: {"type": "boolean"},
    Field.TYPE_STRING: {"type": "string"},
    Field.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
}
WELL_KNOWN: dict[str, Schema] = {
    ".google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    ".google.protobuf.Duration": {"type": "string", "examples": ["3.5s"]},
    ".google.protobuf.FieldMask": {"type": "string", "examples": ["prompt,display_name"]},
    ".google.protobuf.Struct": {"type": "object"},
    ".google.protobuf.Empty": {"type": "object"},
}


# The generated stub leaves the extension's type open.
RULES: Any = validate_pb2.field


class Schemas:
    """Schemas of the requested messages and of the messages they contain."""

    def __init__(self, protos: ProtoIndex) -> None:
        self._protos = protos
        self.components: dict[str, Schema] = {}
        self._sources: dict[str, str] = {}

    def reference(self, message: str) -> Schema:
        """A reference to a message's schema, which is added to the components."""
        if message in WELL_KNOWN:
            return dict(WELL_KNOWN[message])
        name = _short(message)
        if self._sources.setdefault(name, message) != message:
            raise ValueError(f"{message} and {self._sources[name]} would share the schema {name}")
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self.object(message)
        return {"$ref": f"#/components/schemas/{name}"}

    def object(self, message: str, *, without: tuple[str, ...] = ()) -> Schema:
        """The schema of a message without the named fields."""
        fields = [part for part in self._protos.messages[message].field if part.name not in without]
        # A resource is complete when it is created; a change to it may name any of its fields. What it needs
        # is therefore said where it is created.
        is_request = message.endswith("Request")
        required = [name for name in self.required(message) if name not in without] if is_request else []
        return {
            "type": "object",
            **_described(self._protos.comment(message)),
            "properties": {part.name: self.field(message, part) for part in fields},
            **({"required": required} if required else {}),
            # Answers may get fields that a client does not know yet; requests with such fields are refused.
            **({"additionalProperties": False} if is_request else {}),
        }

    def required(self, message: str) -> list[str]:
        """The fields that a message must have, in a request or when it is created."""
        fields = self._protos.messages[message].field
        return [part.name for part in fields if field_behavior_pb2.REQUIRED in _behaviours(part)]

    def field(self, message: str, part: Field) -> Schema:
        """The schema of one field, with its comment, its direction and its limits."""
        schema = self._type(part)
        if part.label == Field.LABEL_REPEATED and not self._is_map(part):
            schema = {"type": "array", "items": schema}
        if message.endswith("Request") and is_money(part):
            schema = {"type": ["string", "number"]}
        behaviours = _behaviours(part)
        return {
            **schema,
            **_limits(part),
            **_described(self._protos.comment(f"{message}.{part.name}")),
            **({"readOnly": True} if field_behavior_pb2.OUTPUT_ONLY in behaviours else {}),
            **({"writeOnly": True} if field_behavior_pb2.INPUT_ONLY in behaviours else {}),
        }

    def _type(self, part: Field) -> Schema:
        if part.type == Field.TYPE_ENUM:
            return {
                "type": "string",
                "enum": [value.name for value in self._protos.enums[part.type_name].value],
            }
        if part.type != Field.TYPE_MESSAGE:
            return dict(SCALARS[part.type])
        if self._is_map(part):
            value = self._protos.messages[part.type_name].field[1]
            return {"type": "object", "additionalProperties": self._type(value)}
        return self.reference(part.type_name)

    def _is_map(self, part: Field) -> bool:
        message = self._protos.messages.get(part.type_name)
        return message is not None and message.options.map_entry


def id_pattern(part: Field, collection: str) -> Schema:
    """The schema of an id, derived from the rule for the whole name `collection/id`; or of a row's number."""
    if part.type == Field.TYPE_INT32:
        return {**SCALARS[part.type], **_limits(part)}
    rule = part.options.Extensions[RULES].string.pattern
    prefix = f"^{collection}/"
    # What follows the id, as in `files/{id}/profile`, is part of the path.
    id_ = rule.removeprefix(prefix).removesuffix("$").partition("/")[0]
    return {"type": "string", **({"pattern": f"^{id_}$"} if rule.startswith(prefix) else {})}


def _limits(part: Field) -> Schema:
    rules = part.options.Extensions[RULES]
    limits: Schema = {}
    if rules.string.HasField("max_len"):
        limits["maxLength"] = rules.string.max_len
    if rules.string.HasField("pattern"):
        limits["pattern"] = rules.string.pattern
    if rules.repeated.HasField("max_items"):
        limits["maxItems"] = rules.repeated.max_items
    for numbers in (rules.int32, rules.double):
        if numbers.HasField("gte"):
            limits["minimum"] = numbers.gte
        if numbers.HasField("lte"):
            limits["maximum"] = numbers.lte
    return limits


def _behaviours(part: Field) -> list[int]:
    return list(part.options.Extensions[field_behavior_pb2.field_behavior])


def _described(comment: str) -> Schema:
    return {"description": comment} if comment else {}


def _short(message: str) -> str:
    """`Job.State` for `.smelt.processor.v1.Job.State`."""
    return message.split(".v1.", 1)[-1].lstrip(".")
