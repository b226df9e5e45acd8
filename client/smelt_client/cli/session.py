"""A session for commands that an access token may not run, opened with the account's password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Annotated

import typer

from ..client import Client
from ..errors import SmeltError
from . import asking
from .common import client_of
from .logins import endpoint_in_use, is_access_token

PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A client with a session, and the password if it was prompted for."""

    client: Client
    email: str
    password: str = field(repr=False)


@contextmanager
def signed_in(*, password_stdin: bool, password: str = "", always_ask: bool = False) -> Iterator[SignedIn]:
    """Yield a client with a session: the current one, or a new one that ends afterwards."""
    endpoint = endpoint_in_use()
    has_session = not is_access_token(endpoint.token)
    with client_of(endpoint) as client:
        if has_session and not always_ask:
            yield SignedIn(client, "", password)
            return
        email = client.users.me().email
        known = password or _ask(email, from_stdin=password_stdin)
        if has_session:
            yield SignedIn(client, email, known)
            return
    with client_of(replace(endpoint, token="")) as nobody:
        session = nobody.sessions.create(email, known)
    with client_of(replace(endpoint, token=session.token)) as client:
        try:
            yield SignedIn(client, email, known)
        finally:
            # The session may be gone already, together with its account. If not, it expires on its own.
            with suppress(SmeltError):
                client.sessions.delete()


def _ask(email: str, *, from_stdin: bool) -> str:
    return asking.secret(f"Password of {email}", from_stdin=from_stdin, option="--password-stdin")
