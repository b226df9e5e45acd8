"""Commands for passwords, e-mail confirmation and sessions."""

from __future__ import annotations

from typing import Annotated

import typer

from . import asking, ended, logins
from .common import AsJson, Fields, Limit, Quiet, WrongUsage, Yes, client_of, group
from .printing import Output, when
from .session import PasswordStdin, signed_in

password = group("Change the password, or reset it by mail if it is forgotten.")
sessions = group("List and revoke the account's sessions.")

Email = Annotated[
    str | None, typer.Argument(help="E-mail address; prompted for if missing.", show_default=False)
]
Url = Annotated[str | None, typer.Option("--url", help="Address of the server.", show_default=False)]
CaFile = Annotated[
    str | None, typer.Option("--ca-file", help="CA file to verify the server with.", show_default=False)
]
FromStdin = Annotated[bool, typer.Option("--stdin", help="Read the secrets from stdin, one per line.")]


@password.command()
def change(
    end_access_tokens: Annotated[
        bool,
        typer.Option(
            "--end-access-tokens", help="Also end all access tokens, and so this login. A terminal asks."
        ),
    ] = False,
    from_stdin: FromStdin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Change the password, and end all other sessions.

    With --stdin: the current password, then the new one, each on a line.
    """
    out = Output(as_json=as_json, quiet=quiet)
    current = asking.secret("Current password", from_stdin=from_stdin, option="--stdin")
    new = asking.secret("New password", from_stdin=from_stdin, option="--stdin", twice=True)
    # A script that says nothing keeps its tokens.
    if not end_access_tokens and asking.at_a_terminal():
        question = "End all access tokens, too? Scripts that use them stop"
        end_access_tokens = typer.confirm(question, err=True)
    with signed_in(password_stdin=from_stdin, password=current) as who:
        changed = who.client.users.change_password(current, new, end_access_tokens=end_access_tokens)
    if as_json:
        out.json(changed.raw)
    out.message("The password has been changed and all other sessions have ended")
    ended.tell(out, changed.ended)
    ended.advise(out, changed.password_advice)
    if end_access_tokens and logins.is_access_token(logins.endpoint_in_use().token):
        logins.forget()
        out.message("This login has ended with them. Next: smelt login")


@password.command()
def reset(
    email: Email = None,
    mailed: Annotated[
        bool, typer.Option("--mailed", help="Skip sending the mail; use the token from it.")
    ] = False,
    from_stdin: FromStdin = False,
    url: Url = None,
    ca_file: CaFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Set a new password with a token that is sent by mail.

    Every session, device and access token made before ends. Webhooks wait to be confirmed and jobs to be
    resumed.

    At a terminal, one call does both. In a script, the first call sends the mail; a second call with
    --mailed --stdin reads the token and the new password.
    """
    out = Output(as_json=as_json, quiet=quiet)
    endpoint = logins.endpoint_to_enter(url, ca_file)
    with client_of(endpoint) as client:
        if not mailed:
            client.users.request_password_reset(asking.email(email))
            out.message("If this address has an account, a mail with a token is on its way")
            if not asking.at_a_terminal():
                if as_json:
                    out.json({})
                return
        text = asking.secret("Token from the mail", from_stdin=from_stdin, option="--stdin").strip()
        new = asking.secret("New password", from_stdin=from_stdin, option="--stdin", twice=True)
        done = client.users.confirm_password_reset(text, new)
    if as_json:
        out.json(done.raw)
    out.message("The new password is set and everything that was made before has ended. Next: smelt login")
    ended.tell(out, done.ended)
    ended.advise(out, done.password_advice)


def verify_email(
    from_stdin: FromStdin = False,
    url: Url = None,
    ca_file: CaFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Confirm an e-mail address with the token in the mail."""
    out = Output(as_json=as_json, quiet=quiet)
    with client_of(logins.endpoint_to_enter(url, ca_file)) as client:
        text = asking.secret("Token from the mail", from_stdin=from_stdin, option="--stdin").strip()
        gone = client.users.verify_email(text)
    if as_json:
        out.json({"ended": gone.raw})
    out.message("The e-mail address is confirmed. Next: smelt login")
    ended.tell(out, gone)


@sessions.command("list")
def list_sessions(
    password_stdin: PasswordStdin = False,
    limit: Limit = None,
    fields: Fields = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List active sessions, newest first. The current one is marked.

    It asks for the password, because an access token may not read sessions.
    """
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {
        "NAME": lambda session: session.name,
        "CURRENT": lambda session: "current" if session.current else "",
        "DEVICE": lambda session: session.device,
        "ADDRESS": lambda session: session.client_address,
        "OPENED": lambda session: when(session.create_time),
        "LAST USED": lambda session: when(session.last_used_time),
    }
    with signed_in(password_stdin=password_stdin) as who:
        out.items(list(who.client.sessions.list()), columns)


@sessions.command()
def revoke(
    session: Annotated[
        str | None, typer.Argument(help="sessions/ID, or only the ID.", show_default=False)
    ] = None,
    others: Annotated[
        bool, typer.Option("--others", help="Revoke all sessions except the current one.")
    ] = False,
    password_stdin: PasswordStdin = False,
    yes: Yes = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Revoke one session, or all sessions except the current one."""
    out = Output(as_json=as_json, quiet=quiet)
    if (session is None) != others:
        raise WrongUsage("give either a session or --others")
    with signed_in(password_stdin=password_stdin) as who:
        if session is None:
            asking.confirm("End all other sessions?", yes=yes)
            revoked = who.client.sessions.revoke_others()
            said = f"Ended {revoked} other session{'' if revoked == 1 else 's'}"
        else:
            asking.confirm(f"End {session}?", yes=yes)
            who.client.sessions.delete(session)
            said, revoked = f"Ended {session}", 1
    if as_json:
        out.json({"revoked": revoked})
    out.message(said)
