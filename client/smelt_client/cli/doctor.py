"""The command that looks for what is wrong between this machine and the server."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import typer

from .. import __version__
from ..client import Client
from ..endpoint import Endpoint
from ..errors import SmeltError
from . import logins
from .common import AsJson, client_of
from .logins import NoLogin
from .printing import Output, clean, when

_CONNECT_SECONDS = 10.0
_SOON = timedelta(days=14)
#: What a key's last test may have said without being a problem.
_WELL = frozenset({"VALID", "NOT_TESTED"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and what to do if it is wrong."""

    what: str
    found: str
    advice: str = ""


def doctor(as_json: AsJson = False) -> None:
    """Find out what is wrong, and say what to do.

    Looks at the address, the certificate, the login, the API key and the versions. Exit code 1: a problem.
    """
    out = Output(as_json=as_json, quiet=False)
    findings = list(_examined())
    if as_json:
        out.json([{"what": one.what, "found": one.found, "advice": one.advice} for one in findings])
    else:
        for one in findings:
            print(f"{'problem' if one.advice else 'ok':8} {one.what:12} {clean(one.found)}")
            if one.advice:
                print(f"{'':21} {clean(one.advice)}")
    if any(one.advice for one in findings):
        raise typer.Exit(1)


def _examined() -> Iterator[Finding]:
    """Look at one thing after the other, as far as the ones before allow it."""
    yield Finding("version", f"smelt {__version__}")
    login, endpoint = _endpoint()
    yield Finding("address", endpoint.url)
    reached = _reached(endpoint)
    yield reached
    if reached.advice:
        return
    with client_of(endpoint) as client:
        yield _server(client)
        yield login
        if login.advice:
            return
        for what, look in (("account", _account), ("API key", _key), ("templates", _templates)):
            yield _looked(what, look, client)


def _endpoint() -> tuple[Finding, Endpoint]:
    try:
        return Finding("login", "a token is here"), logins.endpoint_in_use()
    except NoLogin:
        missing = Finding("login", "not logged in", "log in: smelt login")
        return missing, logins.endpoint_to_enter(None, None)


def _reached(endpoint: Endpoint) -> Finding:
    """Connect, and look at the certificate."""
    url = httpx2.URL(endpoint.url)
    if url.scheme == "http":
        return Finding("connection", "without TLS, on this machine")
    address = (url.host, url.port or 443)
    try:
        context = endpoint.trust()
        with (
            socket.create_connection(address, timeout=_CONNECT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=url.host) as secured,
        ):
            certificate: Any = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        advice = "give the server's CA file: smelt login --ca-file FILE, or SMELT_CA_FILE"
        return Finding("certificate", f"not trusted: {error.verify_message}", advice)
    except (OSError, SmeltError) as error:
        advice = "check the address (SMELT_URL), and that the server is running"
        return Finding("connection", f"{address[0]}:{address[1]}: {error}", advice)
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    advice = "renew the server's certificate" if until - datetime.now(UTC) < _SOON else ""
    return Finding("certificate", f"trusted, until {when(until)}", advice)


def _server(client: Client) -> Finding:
    answer = client.request("GET", "/v1/installation")
    try:
        version = answer.json()["version"]
    except (ValueError, KeyError, TypeError):
        advice = "check that the address is a Smelt server"
        return Finding("server", f"answered {answer.status} and did not say what it is", advice)
    return Finding("server", f"version {version}")


def _looked(what: str, look: Callable[[Client], Finding], client: Client) -> Finding:
    try:
        return look(client)
    except SmeltError as error:
        return Finding(what, str(error), "log in again: smelt login")


def _account(client: Client) -> Finding:
    return Finding("account", client.users.me().email)


def _key(client: Client) -> Finding:
    active = next((key for key in client.api_keys.list() if key.active), None)
    if active is None:
        return Finding("API key", "none is active", "add one: smelt keys add, or use --api-key managed")
    bad = active.last_test_result not in _WELL
    advice = f"see what is wrong: smelt keys test {active.name}" if bad else ""
    tested = active.last_test_result.lower().replace("_", " ")
    return Finding("API key", f"{active.label or active.name} ends in {active.hint}: {tested}", advice)


def _templates(client: Client) -> Finding:
    count = sum(1 for _ in client.templates.list())
    return Finding("templates", f"{count} of your own")
