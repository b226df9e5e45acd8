"""Accounts and sessions."""

from __future__ import annotations

from .call import AsyncResource, Call, Resource, awaiting, blocking, named, nothing
from .models import Session, User, parse


def create_user(email: str, password: str, *, idempotency_key: str | None = None) -> Call[User]:
    """Register an account."""
    return Call(
        "POST",
        "/v1/users",
        lambda data: parse(User, data),
        body={"email": email, "password": password},
        creates=True,
        idempotency_key=idempotency_key,
    )


def get_current_user() -> Call[User]:
    """Return the account that the token belongs to."""
    return Call("GET", "/v1/users/me", lambda data: parse(User, data))


def create_session(email: str, password: str) -> Call[Session]:
    """Log in. The answer holds the token, and so the call is never sent twice."""
    return Call("POST", "/v1/sessions", _session, body={"email": email, "password": password})


def delete_session(session: str = "current") -> Call[None]:
    """End a session: the current one, or one by its name."""
    return Call("DELETE", f"/v1/{named('sessions', session)}", nothing)


def _session(data: object) -> Session:
    source = data if isinstance(data, dict) else {}
    session = parse(Session, source.get("session"))
    token = source.get("token")
    return Session(session.name, session.expire_time, token if isinstance(token, str) else "")


class Users(Resource):
    """Accounts."""

    create = blocking(create_user)
    me = blocking(get_current_user)


class AsyncUsers(AsyncResource):
    """Accounts."""

    create = awaiting(create_user)
    me = awaiting(get_current_user)


class Sessions(Resource):
    """Sessions."""

    create = blocking(create_session)
    delete = blocking(delete_session)


class AsyncSessions(AsyncResource):
    """Sessions."""

    create = awaiting(create_session)
    delete = awaiting(delete_session)
