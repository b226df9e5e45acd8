"""Which server and token the command uses: from the environment, a stored login, or a local stack.

A login's token is stored in the system's keyring if the `keyring` package is installed and finds one.
Otherwise it is in the login file, which only its owner can read.
"""

from __future__ import annotations

import importlib
import json
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import platformdirs

from ..endpoint import DEFAULT_URL, Endpoint, is_loopback
from ..errors import BadSettings, SmeltError

_SERVICE = "smelt"
_ACCESS_TOKEN = "smelt_pat_"  # noqa: S105 -- what every access token begins with


class NoLogin(SmeltError):
    """There is no token for the server."""


@dataclass(frozen=True, slots=True)
class Login:
    """What `smelt login` stores. The repr leaves the token out."""

    url: str
    ca_file: str
    token: str = field(repr=False)


def login_file() -> Path:
    """Return the path of the login file."""
    return Path(platformdirs.user_config_dir("smelt", appauthor=False)) / "login.json"


def load() -> Login | None:
    """Return the stored login. A file that other users can read is refused."""
    path = login_file()
    try:
        with path.open(encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise BadSettings(f"other users can read {path}; run chmod 600 on it, or log in again")
            content = json.load(file)
            login = Login(url=content["url"], ca_file=content["ca_file"], token=content["token"])
            return login if login.token else _from_keyring(login)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise BadSettings(f"{path} is damaged; log in again") from None


def is_access_token(token: str) -> bool:
    """Whether a token is an access token rather than a session token."""
    return token.startswith(_ACCESS_TOKEN)


def save(login: Login) -> str:
    """Store a login so that only its owner can read it, and return where it is."""
    keyring = _keyring()
    if keyring is not None:
        # Keyring backends raise all kinds of errors; the file always works.
        with suppress(Exception):
            keyring.set_password(_SERVICE, login.url, login.token)
            _write(Login(login.url, login.ca_file, ""))
            return "the system's keyring"
    return str(_write(login))


def _write(login: Login) -> Path:
    path = login_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    part = path.with_name(f".login.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(login), file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _device_file() -> Path:
    return login_file().with_name("device.json")


def device_token(url: str) -> str:
    """Return the device token from an earlier login to this server, or an empty string."""
    try:
        content = json.loads(_device_file().read_text(encoding="utf-8"))
        known = content[url] if isinstance(content, dict) else ""
    except (OSError, ValueError, KeyError):
        return ""
    return known if isinstance(known, str) else ""


def keep_device_token(url: str, token: str) -> None:
    """Store the device token for the next login. A logout keeps it, because it opens nothing by itself."""
    path = _device_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".device.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({url: token}, file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def forget() -> None:
    """Remove the stored login."""
    stored = _load_quietly()
    if stored is not None and (keyring := _keyring()) is not None:
        # The token may be only in the file, or already gone.
        with suppress(Exception):
            keyring.delete_password(_SERVICE, stored.url)
    login_file().unlink(missing_ok=True)


def _keyring() -> Any:
    """Return the keyring package, or None if it is missing or has no usable backend."""
    try:
        keyring: Any = importlib.import_module("keyring")
        return keyring if keyring.get_keyring().priority > 0 else None
    except Exception:  # noqa: BLE001  a broken backend counts as none
        return None


def _from_keyring(login: Login) -> Login:
    keyring = _keyring()
    try:
        token = keyring.get_password(_SERVICE, login.url) if keyring is not None else None
    except Exception:  # noqa: BLE001  locked, or its service is away
        token = None
    if not token:
        raise BadSettings("the system's keyring does not return the token of this login; log in again")
    return Login(login.url, login.ca_file, token)


def endpoint_to_enter(url: str | None, ca_file: str | None) -> Endpoint:
    """Return the server to log in to: from options, the environment, a local stack, or the last login."""
    stored, stack = _load_quietly(), local_stack()
    known = stack.url if stack else stored.url if stored else DEFAULT_URL
    return _endpoint(url or os.environ.get("SMELT_URL") or known, "", ca_file, stored, stack)


def endpoint_in_use() -> Endpoint:
    """Return the current server and token: from the environment, then the stored login, then a local stack.

    A stored token is sent only to the server that issued it.
    """
    token = os.environ.get("SMELT_TOKEN", "")
    stored, stack = (_load_quietly() if token else load()), local_stack()
    known = stored.url if stored else stack.url if stack else DEFAULT_URL
    url = os.environ.get("SMELT_URL") or known
    if not token and stored is not None and same_server(stored.url, url):
        token = stored.token
    if not token:
        raise NoLogin("not logged in; use `smelt login`")
    return _endpoint(url, token, None, stored, stack)


def local_stack() -> Endpoint | None:
    """Return the server of an embedded stack on this machine, found by its `stack.json`."""
    places = [Path(".smelt"), Path("/var/lib/smelt")]
    if state := os.environ.get("SMELT_STATE_DIR"):
        places.insert(0, Path(state))
    for place in places:
        try:
            with (place / "stack.json").open(encoding="utf-8") as file:
                owner = os.fstat(file.fileno()).st_uid
                content = json.load(file)
            url, ca_file = content["gateway_url"], content["ca_file"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        # A folder from someone else may contain such a file too; it must not redirect a password elsewhere.
        if isinstance(url, str) and isinstance(ca_file, str) and owner in (os.getuid(), 0) and _is_here(url):
            return Endpoint(url=url, ca_file=ca_file)
    return None


def same_server(one: str, other: str) -> bool:
    """Whether two addresses name the same server."""
    try:
        first, second = httpx2.URL(one), httpx2.URL(other)
    except httpx2.InvalidURL:
        return False
    return (first.scheme, first.netloc) == (second.scheme, second.netloc)


def _endpoint(
    url: str, token: str, ca_file: str | None, stored: Login | None, stack: Endpoint | None
) -> Endpoint:
    known = os.environ.get("SMELT_CA_FILE", "") if ca_file is None else ca_file
    if not known and stack is not None and _is_here(url):
        known = stack.ca_file
    if not known and stored is not None and same_server(stored.url, url):
        known = stored.ca_file
    return Endpoint(url=url.rstrip("/"), token=token, ca_file=os.path.abspath(known) if known else "")


def _load_quietly() -> Login | None:
    """Return the stored login, or None if there is none that can be used. For uses that can do without it."""
    try:
        return load()
    except (BadSettings, OSError):
        return None


def _is_here(url: str) -> bool:
    try:
        return is_loopback(httpx2.URL(url).host)
    except httpx2.InvalidURL:
        return False
