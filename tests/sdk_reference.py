"""The reference of the SDK: `python -m tests.sdk_reference` writes docs/sdk.md from the code."""

import inspect
import textwrap
from pathlib import Path

import smelt_client
from smelt_client import Client
from smelt_client.methods import Resource

PAPER = Path(__file__).resolve().parent.parent / "docs" / "sdk.md"
_WIDTH = 110
_HEAD = """\
# Reference of the Python SDK

`python -m tests.sdk_reference` writes this page from the code; a test fails when it is out of date.
[client/README.md](../client/README.md) is the place to begin. `AsyncClient` has the same resources and
methods; await them, and use `async for` for lists and watching.
"""


def page() -> str:
    """Return the page."""
    client = Client("https://smelt.example.com", "")
    resources = {name: each for name, each in vars(client).items() if isinstance(each, Resource)}
    parts = [_HEAD, _client()]
    parts += [_resource(name, each) for name, each in sorted(resources.items())]
    parts.append(_values())
    client.close()
    return "\n".join(parts)


def _client() -> str:
    lines = [f"## Client\n\n{_told(Client)}\n"]
    lines += [
        _method(f"Client.{name}", getattr(Client, name)) for name in ("with_options", "request", "close")
    ]
    return "\n".join(lines)


def _resource(name: str, resource: Resource) -> str:
    methods = [each for each in vars(type(resource)) if not each.startswith("_")]
    shown = [_method(f"{name}.{each}", getattr(resource, each)) for each in methods]
    return "\n".join([f"## {name}\n", *shown])


def _method(name: str, method: object) -> str:
    assert callable(method)
    signature = inspect.signature(method)
    arguments: list[str] = []
    for each in signature.parameters.values():
        if each.kind is each.KEYWORD_ONLY and "*" not in arguments:
            arguments.append("*")
        if each.name != "self":
            arguments.append(_argument(each))
    returned = f" -> {_annotation(signature.return_annotation)}"
    line = f"{name}({', '.join(arguments)}){returned}"
    if len(line) > _WIDTH:
        line = "\n".join([f"{name}(", *(_indented(f"{each},") for each in arguments), f"){returned}"])
    told = textwrap.fill(_told(method), _WIDTH)
    return f"```python\n{line}\n```\n\n{told}\n"


def _argument(parameter: inspect.Parameter) -> str:
    stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{stars}{parameter.name}: {_annotation(parameter.annotation)}{default}"


def _indented(argument: str) -> str:
    return textwrap.fill(
        argument, _WIDTH, initial_indent="    ", subsequent_indent="        ", break_long_words=False
    )


def _annotation(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _values() -> str:
    lines = ["## Values\n"]
    for name in smelt_client.__all__:
        value = getattr(smelt_client, name)
        if inspect.isclass(value) and hasattr(value, "__dataclass_fields__"):
            fields = ", ".join(f"`{each}`" for each in value.__dataclass_fields__ if not each.startswith("_"))
            lines.append(textwrap.fill(f"`{name}`: {_told(value)} Fields: {fields}.", _WIDTH) + "\n")
    return "\n".join(lines)


def _told(documented: object) -> str:
    """Return the first paragraph of a docstring, on one line."""
    text = inspect.getdoc(documented) or ""
    return " ".join(text.split("\n\n")[0].split())


if __name__ == "__main__":
    PAPER.write_text(page(), encoding="utf-8")
