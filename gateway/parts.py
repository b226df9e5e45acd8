"""Small pieces of Envoy configuration that several sections share."""

from collections.abc import Mapping
from typing import Any

Config = dict[str, Any]


def typed(type_name: str, **fields: Any) -> Config:
    """A message with its type, which Envoy uses to look it up."""
    return {"@type": f"type.googleapis.com/{type_name}", **fields}


def extension(name: str, type_name: str, **fields: Any) -> Config:
    """A named extension with its configuration."""
    return {"name": name, "typed_config": typed(type_name, **fields)}


def headers(values: Mapping[str, str]) -> list[Config]:
    """Headers that replace existing ones of the same name."""
    return [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in values.items()
    ]


def socket_address(address: str) -> Config:
    """An address written `host:port`."""
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}


def duration(seconds: float) -> str:
    """A duration in the form Envoy reads."""
    return f"{seconds:g}s"
