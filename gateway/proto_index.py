"""Messages, enums and comments of the protos, found by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from google.protobuf import descriptor_pb2

# Field numbers in descriptor.proto, which make up the paths to comments.
_MESSAGES, _ENUMS, _SERVICES = 4, 5, 6
_FIELDS, _NESTED, _NESTED_ENUMS, _METHODS, _VALUES = 2, 3, 4, 2, 2


@dataclass(slots=True)
class ProtoIndex:
    """Everything in the protos by its full name with a leading dot, the form that field types use."""

    messages: dict[str, descriptor_pb2.DescriptorProto] = field(default_factory=dict)
    enums: dict[str, descriptor_pb2.EnumDescriptorProto] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)

    def comment(self, name: str) -> str:
        """The comment on a message, field, enum value, service or RPC; empty if there is none."""
        return self.comments.get(name, "")


def index(descriptors: descriptor_pb2.FileDescriptorSet) -> ProtoIndex:
    """Read the whole descriptor set."""
    found = ProtoIndex()
    for file in descriptors.file:
        said = {
            tuple(location.path): _unwrap(location.leading_comments or location.trailing_comments)
            for location in file.source_code_info.location
        }
        for path, name in _names(file, found):
            if text := said.get(path):
                found.comments[name] = text
    return found


def _names(
    file: descriptor_pb2.FileDescriptorProto, found: ProtoIndex
) -> Iterator[tuple[tuple[int, ...], str]]:
    package = f".{file.package}"
    for number, message in enumerate(file.message_type):
        yield from _message(message, f"{package}.{message.name}", (_MESSAGES, number), found)
    for number, enum in enumerate(file.enum_type):
        yield from _enum(enum, f"{package}.{enum.name}", (_ENUMS, number), found)
    for number, service in enumerate(file.service):
        name = f"{package}.{service.name}"
        yield (_SERVICES, number), name
        for position, method in enumerate(service.method):
            yield (_SERVICES, number, _METHODS, position), f"{name}.{method.name}"


def _message(
    message: descriptor_pb2.DescriptorProto, name: str, path: tuple[int, ...], found: ProtoIndex
) -> Iterator[tuple[tuple[int, ...], str]]:
    found.messages[name] = message
    yield path, name
    for number, part in enumerate(message.field):
        yield (*path, _FIELDS, number), f"{name}.{part.name}"
    for number, nested in enumerate(message.nested_type):
        yield from _message(nested, f"{name}.{nested.name}", (*path, _NESTED, number), found)
    for number, enum in enumerate(message.enum_type):
        yield from _enum(enum, f"{name}.{enum.name}", (*path, _NESTED_ENUMS, number), found)


def _enum(
    enum: descriptor_pb2.EnumDescriptorProto, name: str, path: tuple[int, ...], found: ProtoIndex
) -> Iterator[tuple[tuple[int, ...], str]]:
    found.enums[name] = enum
    yield path, name
    for number, value in enumerate(enum.value):
        yield (*path, _VALUES, number), f"{name}.{value.name}"


def _unwrap(comment: str) -> str:
    """Join lines into paragraphs."""
    paragraphs = comment.strip().split("\n\n")
    return "\n\n".join(" ".join(line.strip() for line in text.splitlines()) for text in paragraphs)
