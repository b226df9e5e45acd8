"""Commands for the account: register, login, logout, whoami."""

from __future__ import annotations

import os
import platform
from dataclasses import replace
from typing import Annotated

import typer

from ..client import Client
from ..errors import NotLoggedIn, SmeltError
from ..models import Session
from . import asking, ended, logins
from .common import AsJson, Quiet, WrongUsage, client_of, logged_in
from .logins import Login, NoLogin
from .printing import Output, when

Email = Annotated[
    str | None, typer.Argument(help="E-mail address; prompted for if missing.", show_default=False)
]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")]
Url = Annotated[str | None, typer.Option("--url", help="Address of the server.", show_default=False)]
CaFile = Annotated[
    str | None, typer.Option("--ca-file", help="CA file to verify the server with.", show_default=False)
]


def register(
    email: Email = None,
    password_stdin: PasswordStdin = False,
    url: Url = None,
    ca_file: CaFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Register an account."""
    out = Output(as_json=as_json, quiet=quiet)
    endpoint = logins.endpoint_to_enter(url, ca_file)
    address = asking.email(email)
    password = asking.secret("Password", from_stdin=password_stdin, option="--password-stdin", twice=True)
    with client_of(endpoint) as client:
        user = client.users.create(address, password)
    if as_json:
        out.json(user.raw)
    out.message(f"Registered {user.email} at {endpoint.url}. Next: smelt login {user.email}")
    ended.advise(out, user.password_advice)


def login(
    email: Email = None,
    password_stdin: PasswordStdin = False,
    link: Annotated[bool, typer.Option("--link", help="Log in with a token sent by mail.")] = False,
    url: Url = None,
    ca_file: CaFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Log in, and store an access token for this machine.

    It is kept in the system's keyring, or in a file that only you can read. The password is not kept.
    """
    out = Output(as_json=as_json, quiet=quiet)
    endpoint = logins.endpoint_to_enter(url, ca_file)
    address = asking.email(email)
    with client_of(endpoint) as client:
        if link:
            session = _by_link(client, address, out)
        else:
            password = asking.secret("Password", from_stdin=password_stdin, option="--password-stdin")
            session = client.sessions.create(
                address, password, device_token=logins.device_token(endpoint.url)
            )
    if not session.token:
        raise SmeltError("the server sent no session token; check that the address is a Smelt server")
    if session.device_token:
        logins.keep_device_token(endpoint.url, session.device_token)
    # A session can do everything, so its token should not lie on a disk for weeks; an access token may.
    with client_of(replace(endpoint, token=session.token)) as client:
        made = client.access_tokens.create(f"smelt on {platform.node()}"[:100], ["read", "write"])
        client.sessions.delete()
    kept = logins.save(Login(url=endpoint.url, ca_file=endpoint.ca_file, token=made.token))
    if as_json:
        out.json({"url": endpoint.url, "access_token": made.name, "expire_time": made.expire_time})
    out.message(f"Logged in at {endpoint.url} until {when(made.expire_time)}; the token is stored in {kept}")
    ended.tell(out, session.ended)
    if os.environ.get("SMELT_TOKEN"):
        out.message("SMELT_TOKEN is set and overrides this login")


def _by_link(client: Client, address: str, out: Output) -> Session:
    """Request a mail and log in with the token in it. Only for terminals: a script cannot read the mail."""
    if not asking.at_a_terminal():
        raise WrongUsage("a login by mail needs a terminal, to type the token from the mail")
    client.sessions.request_link(address)
    out.message("If this address has an account, a mail with a token is on its way")
    return client.sessions.confirm_link(asking.secret("Token", from_stdin=False, option="").strip())


def logout(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Log out: end the stored login, and forget it.

    An access token is revoked, a session ended.
    """
    out = Output(as_json=as_json, quiet=quiet)
    try:
        endpoint = logins.endpoint_in_use()
        with client_of(endpoint) as client:
            if logins.is_access_token(endpoint.token):
                client.access_tokens.delete()
            else:
                client.sessions.delete()
    except NotLoggedIn:
        pass
    except NoLogin:
        raise
    except SmeltError as error:
        # The token is removed here in any case; the person must know that the server may still accept it.
        logins.forget()
        raise SmeltError(
            f"the token was removed from this machine, but the server may still accept it: {error}"
        ) from None
    logins.forget()
    if as_json:
        out.json({})
    out.message("Logged out")


def whoami(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Show the current account."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        user = client.users.me()
    out.one(user, {"email": user.email, "name": user.name, "since": when(user.create_time)})
