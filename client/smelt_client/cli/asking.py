"""Prompts for secrets, without echo or from stdin, and for confirmation."""

from __future__ import annotations

import getpass
import sys

import typer

from .common import WrongUsage

LONGEST_SECRET = 4096


def secret(prompt: str, *, from_stdin: bool, option: str, twice: bool = False) -> str:
    """Return a secret: the first line of stdin if `from_stdin`, otherwise what is typed at a prompt."""
    if from_stdin:
        text = sys.stdin.readline(LONGEST_SECRET + 2).rstrip("\r\n")
        if len(text) > LONGEST_SECRET:
            raise WrongUsage(f"the secret on stdin is longer than {LONGEST_SECRET} characters")
    elif not sys.stdin.isatty():
        raise WrongUsage(f"cannot prompt for a secret without a terminal; pipe it in with {option}")
    else:
        text = getpass.getpass(f"{prompt}: ")
        if twice and getpass.getpass(f"{prompt} again: ") != text:
            raise WrongUsage("the two entries differ; try again")
    if not text:
        raise WrongUsage("the secret is empty; enter one")
    return text


def at_a_terminal() -> bool:
    """Whether stdin is a terminal, so that a person can be prompted."""
    return sys.stdin.isatty()


def email(given: str | None) -> str:
    """Return the given address, or prompt for one."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise WrongUsage("the e-mail address is missing; give it as an argument")
    answer: str = typer.prompt("E-mail", err=True)
    return answer


def confirm(question: str, *, yes: bool) -> None:
    """Exit unless the person at the terminal agrees. Without a terminal, only `--yes` agrees."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise WrongUsage(f"nobody can be asked without a terminal: {question} Agree with --yes")
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)
