"""The `smelt` command: its subcommands, and the exit code of every failure."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

import typer

from .. import __version__
from ..errors import ApiError, BadSettings, InvalidName, NotFound, NotLoggedIn, SmeltError
from . import login
from .access import password, sessions, verify_email
from .account import account
from .api import api
from .assistant import mcp
from .browser import open_console
from .doctor import doctor
from .estimate import estimate
from .files import files
from .jobs import jobs
from .keys import keys
from .logins import NoLogin
from .printing import error_line
from .run import run
from .template_changes import create, edit, update
from .template_tests import duplicate, library, preview, try_templates
from .templates import templates
from .tokens import tokens
from .vars import models, usage, variables
from .webhooks import webhooks
from .wording import reworded

FAILED, USAGE, NOT_FOUND, NOT_LOGGED_IN, INTERRUPTED = 1, 2, 3, 4, 130
#: The facts of an error that come first after its message, in this order; others follow.
_FACTS = ("line", "column", "name", "offset", "expected", "found", "limit", "used", "requested")
#: These repeat what was typed, or are for programs.
_KNOWN_ANYWAY = frozenset({"file", "job", "template", "api_key", "scope", "service"})

HELP = """Run AI prompt templates over every row of a CSV.

To begin, `smelt run leads.csv` asks for everything that is missing.

Settings: SMELT_URL (https://localhost:8443), SMELT_TOKEN and SMELT_CA_FILE override what `smelt login`
stored. Without any of these, the address and CA file come from a stack running on this machine, found by
its stack.json in $SMELT_STATE_DIR or ./.smelt.

Secrets are prompted for without echo or read from stdin, never taken from arguments.

Exit codes: 0 success, 1 failure, 2 wrong usage, 3 not found, 4 not logged in, 5 finished with failed
rows, 130 interrupted.
"""

# Without markup: with it, Typer keeps the line ends of the paragraphs above and breaks each line twice.
app = typer.Typer(
    name="smelt",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# As a newcomer needs them.
app.command()(login.register)
app.command()(verify_email)
app.command()(login.login)
app.add_typer(keys, name="keys")
app.add_typer(files, name="files")
for name, command in (
    ("create", create),
    ("update", update),
    ("edit", edit),
    ("preview", preview),
    ("test", try_templates),
    ("duplicate", duplicate),
    ("library", library),
):
    templates.command(name)(command)
app.add_typer(templates, name="templates")
app.add_typer(variables, name="vars")
app.command()(estimate)
app.command()(run)
app.add_typer(jobs, name="jobs")
app.command()(usage)
app.command()(models)
app.command("open")(open_console)
app.command()(doctor)
app.command()(api)
app.command()(mcp)
app.add_typer(webhooks, name="webhooks")
app.add_typer(tokens, name="tokens")
app.add_typer(sessions, name="sessions")
app.add_typer(password, name="password")
app.add_typer(account, name="account")
app.command()(login.whoami)
app.command()(login.logout)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"smelt {__version__}")
        raise typer.Exit


@app.callback(help=HELP)
def smelt(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Read the options that come before any command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; every error is one line on stderr."""
    try:
        code = _command()(arguments, prog_name="smelt", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.TyperException as error:
        # Without arguments the help text is the message, and it has already been printed.
        if not error.format_message():
            return error.exit_code
        # A key given as an argument by mistake must not be echoed.
        said = re.sub(r"sk-[^\s)'\"]+", "sk-****", error.format_message())
        return _end(said, error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except ApiError as error:
        return _end(_with_facts(error), _code(error), error.reason, error.request_id)
    except SmeltError as error:
        return _end(str(error), _code(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _end(f"{where}{error.strerror or error}", FAILED)


@cache
def _command() -> Any:
    """Return the command with all its subcommands, which takes a moment to build."""
    return reworded(app)


def _code(error: SmeltError) -> int:
    match error:
        case NotFound():
            return NOT_FOUND
        case NotLoggedIn() | NoLogin():
            return NOT_LOGGED_IN
        case InvalidName() | BadSettings():
            return USAGE
        case _:
            return FAILED


def _with_facts(error: ApiError) -> str:
    """Return the message with the fields that are wrong, and the facts that help to fix the problem."""
    facts = dict(error.metadata)
    said = [facts.pop("problem", "")]
    said += [f"{name} {facts.pop(name)}" for name in _FACTS if facts.get(name)]
    said += [
        f"{name.replace('_', ' ')} {value}"
        for name, value in facts.items()
        if value and name not in _KNOWN_ANYWAY and value not in error.message
    ]
    said += [f"{each.field} {each.description}".strip() for each in error.violations]
    told = ", ".join(part for part in said if part)
    return f"{error.message}: {told}" if told else error.message


def _end(message: str, code: int, *details: str) -> int:
    print(error_line(message, *details), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
