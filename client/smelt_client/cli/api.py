"""The command for every call that has no command of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..raw import Answer
from .common import WrongUsage, logged_in
from .printing import clean


def api(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="GET, POST, PATCH, PUT or DELETE.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="Such as /v1/files.")],
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            "-d",
            metavar="JSON",
            help="The body: JSON, @FILE to read it from a file, or - to read it from stdin.",
            show_default=False,
        ),
    ] = None,
    query: Annotated[
        list[str] | None,
        typer.Option(
            "--query", metavar="NAME=VALUE", help="A parameter; can be repeated.", show_default=False
        ),
    ] = None,
) -> None:
    """Send any call of the API and print its answer. The calls are in /openapi.json.

    Example: smelt api GET /v1/jobs --query page_size=5
    """
    params: dict[str, str | int | list[str]] = {}
    for each in query or ():
        name, sign, value = each.partition("=")
        if not sign:
            raise WrongUsage(f"{each} is not of the form NAME=VALUE")
        params[name] = [*_values(params.get(name)), value]
    with logged_in() as client:
        answer = client.request(method, path, params=params or None, body=_body(data))
    answer.raise_for_status()
    _print(answer)


def _values(known: str | int | list[str] | None) -> list[str]:
    return known if isinstance(known, list) else []


def _body(data: str | None) -> Any:
    if data is None:
        return None
    if data == "-":
        data = sys.stdin.read()
    elif data.startswith("@"):
        data = Path(data[1:]).read_text(encoding="utf-8")
    try:
        return json.loads(data)
    except ValueError:
        raise WrongUsage("the body is not JSON") from None


def _print(answer: Answer) -> None:
    """Print JSON in lines for people; anything else byte by byte, but not on a terminal."""
    try:
        text = json.dumps(answer.json(), indent=2, ensure_ascii=not sys.stdout.isatty())
    except ValueError:
        if sys.stdout.isatty():
            print(clean(answer.content.decode("utf-8", "replace"), lines=True))
        else:
            sys.stdout.buffer.write(answer.content)
        return
    print(clean(text, lines=True))
