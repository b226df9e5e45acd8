"""Names what options and arguments take in words for people: `FILE` and `N`, not `{file}` and `<int>`."""

from __future__ import annotations

from types import MethodType
from typing import Any

import typer
from typer.core import TyperArgument, TyperOption


def reworded(app: typer.Typer) -> Any:
    """Return the command of an app, with every parameter of every subcommand named for people."""
    command = typer.main.get_command(app)
    _reword(command)
    return command


def _reword(command: Any) -> None:
    for parameter in command.params:
        # The library says `1<=x<=100`, and has no setting for it.
        parameter._get_number_range_help_str = MethodType(_range, parameter)
        if isinstance(parameter, TyperArgument):
            _reword_argument(parameter)
        elif isinstance(parameter, TyperOption) and not parameter.is_flag and not parameter.metavar:
            parameter.metavar = _word(parameter)
    for subcommand in getattr(command, "commands", {}).values():
        _reword(subcommand)


def _reword_argument(argument: TyperArgument) -> None:
    argument.metavar = argument.metavar or (argument.name or "").upper()
    usage = argument.metavar
    if not argument.required and not usage.startswith("["):
        usage = f"[{usage}]"
    if argument.nargs != 1 and not usage.endswith("..."):
        usage += "..."
    # The library has no setting for these two: it shows Python's types, and braces around each name.
    argument.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
    argument.get_usage_pieces = lambda ctx: [usage]  # type: ignore[method-assign]


def _range(parameter: Any) -> str | None:
    least, most = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if least is None and most is None:
        return None
    if most is None:
        return f"at least {least:g}"
    return f"at most {most:g}" if least is None else f"{least:g} to {most:g}"


def _word(option: TyperOption) -> str:
    kind = option.type_descriptor
    if kind.is_choice:
        return "|".join(str(getattr(choice, "value", choice)) for choice in kind.choices or ())
    if kind.is_path:
        return "FILE"
    if kind.is_ranged or kind.annotation in (int, float):
        return "N"
    return "TEXT"
