"""A file that cannot be read as it is, or was read by a guess: a question about it, or a command to try."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from ..client import Client
from ..errors import ApiError
from ..files import refused_file
from ..models import File, Offer, RefusedFile
from . import asking
from .common import WrongUsage
from .parse_options import command_of, encoding_of, words_for
from .printing import Output


def mended(
    client: Client, out: Output, send: Callable[[], File], options: dict[str, Any], *, instead_of: str = ""
) -> File:
    """Return the file that is sent, read as the person at the terminal wants; raise the refusal otherwise.

    Without a terminal nothing is asked: the commands that would help are printed. `options` are those that
    the person named, and `instead_of` the file that the command was given, if it does more than send it.
    """
    try:
        file = send()
    except ApiError as error:
        refused = refused_file(error)
        if refused is None or not refused.offers:
            raise
        chosen = _asked(out, error, refused)
        if chosen is None:
            if instead_of and not _may_ask(out):
                out.note(f"Then give the same command {refused.name} instead of {instead_of}")
            raise
        file = client.files.reparse(refused.name, **chosen.options)
        options = chosen.options
    return _checked(client, out, file, options)


def _asked(out: Output, error: ApiError, refused: RefusedFile) -> Offer | None:
    if not _may_ask(out):
        for offer in refused.offers:
            out.note(f"To {words_for(offer)} ({_size(offer)}): {command_of(refused.name, offer)}")
        return None
    problem = error.metadata.get("problem") or error.message
    line = f", line {error.metadata['line']}" if error.metadata.get("line") else ""
    out.note(f"The file cannot be read as it is{line}: {problem}.")
    if len(refused.offers) == 1:
        (offer,) = refused.offers
        out.note(f"It can be read: {words_for(offer)}. That gives {_size(offer)}:")
        _sample(out, offer)
        return offer if typer.confirm("Read it so?", default=True, err=True) else None
    out.note("It can be read in these ways:")
    for number, offer in enumerate(refused.offers, start=1):
        out.note(f"{number}. {words_for(offer)}. That gives {_size(offer)}:")
        _sample(out, offer)
    while True:
        number = typer.prompt(f"Which one (1 to {len(refused.offers)}, 0 for none)?", type=int, err=True)
        if 0 <= number <= len(refused.offers):
            return refused.offers[number - 1] if number else None


def _checked(client: Client, out: Output, file: File, options: dict[str, Any]) -> File:
    """Show the line by which a person sees whether a guessed encoding is right, and ask."""
    while file.encoding_guessed:
        if not _may_ask(out):
            out.message(f"The encoding is a guess, {file.encoding}. This line shows whether it is right:")
            out.message(f"  {file.sample_line}")
            out.message(f"If it is wrong: smelt files reparse {file.name} --encoding NAME")
            return file
        out.note(f"The encoding is not stated in the file; {file.encoding} is a guess. A line of it:")
        out.note(f"  {file.sample_line}")
        if typer.confirm("Does it read right?", default=True, err=True):
            return file
        name = _encoding(out)
        file = client.files.reparse(file.name, **{**options, "encoding": name})
        out.note(f"As {file.encoding}, the columns are: {', '.join(c.name for c in file.columns)}")
    return file


def _encoding(out: Output) -> str | None:
    """Return the encoding that the person names; ask again for one that is not supported."""
    while True:
        try:
            return encoding_of(typer.prompt("Which encoding is it, such as windows-1251?", err=True))
        except WrongUsage as error:
            out.note(error.format_message())


def _may_ask(out: Output) -> bool:
    return asking.at_a_terminal() and out.asks


def _size(offer: Offer) -> str:
    rows = "1 row" if offer.row_count == 1 else f"{offer.row_count} rows"
    return f"{rows}, {offer.column_count} column{'' if offer.column_count == 1 else 's'}"


def _sample(out: Output, offer: Offer) -> None:
    more = " | ..." if offer.column_count > len(offer.columns) else ""
    for cells in (offer.columns, offer.sample):
        out.note("   " + " | ".join(cells) + more)
