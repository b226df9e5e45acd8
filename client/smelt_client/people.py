"""Accounts and sessions."""

from __future__ import annotations

from dataclasses import replace

from .call import Call, given, listing, named, nothing, reading
from .methods import AsyncResource, Resource, async_paging, awaiting, blocking, paging
from .models import EndedAccess, NewPassword, Page, Session, User, parse


def create_user(email: str, password: str, *, idempotency_key: str | None = None) -> Call[User]:
    """Register an account."""
    return Call(
        "POST",
        "/v1/users",
        reading(User),
        body={"email": email, "password": password},
        creates=True,
        idempotency_key=idempotency_key,
    )


def get_current_user() -> Call[User]:
    """Return the account that the token belongs to."""
    return Call("GET", "/v1/users/me", reading(User))


def change_password(
    current_password: str, new_password: str, *, end_access_tokens: bool = False
) -> Call[NewPassword]:
    """Change the password. All other sessions end, and with `end_access_tokens` all access tokens."""
    body = {
        "current_password": current_password,
        "new_password": new_password,
        **given(end_access_tokens=end_access_tokens or None),
    }
    return Call("POST", "/v1/users/me:changePassword", reading(NewPassword), body=body)


def verify_email(token: str) -> Call[EndedAccess]:
    """Confirm a new account's e-mail address with the token that was sent to it."""
    return Call("POST", "/v1/users:verifyEmail", _ended, body={"token": token})


def create_session(email: str, password: str, *, device_token: str | None = None) -> Call[Session]:
    """Log in. The response contains the token, so the call is never sent twice."""
    body = {"email": email, "password": password, **given(device_token=device_token or None)}
    return Call("POST", "/v1/sessions", _session, body=body)


def list_sessions(*, page_size: int | None = None) -> Call[Page[Session]]:
    """Iterate over all active sessions, newest first."""
    return listing(Session, "sessions", "sessions", page_size=page_size)


def revoke_other_sessions() -> Call[int]:
    """End all sessions except the current one; return how many were ended."""
    return Call("POST", "/v1/sessions:revokeOthers", _revoked, body={}, repeatable=True)


def request_password_reset(email: str) -> Call[None]:
    """Request a password reset link by mail, sent if the address has an account."""
    return Call("POST", "/v1/passwordResets", nothing, body={"email": email})


def confirm_password_reset(token: str, new_password: str) -> Call[NewPassword]:
    """Set a new password with the token from the mail. Everything that was made before ends or waits."""
    body = {"token": token, "new_password": new_password}
    return Call("POST", "/v1/passwordResets:confirm", reading(NewPassword), body=body)


def request_sign_in_link(email: str) -> Call[None]:
    """Request a sign-in link by mail, sent if the address has an account."""
    return Call("POST", "/v1/signInLinks", nothing, body={"email": email})


def confirm_sign_in_link(token: str) -> Call[Session]:
    """Log in with the token from the mail."""
    return Call("POST", "/v1/signInLinks:confirm", _session, body={"token": token})


def delete_session(session: str = "current") -> Call[None]:
    """End a session: the current one, or the one named."""
    return Call("DELETE", f"/v1/{named('sessions', session)}", nothing)


def _session(data: object) -> Session:
    source = data if isinstance(data, dict) else {}
    session = parse(Session, source.get("session"))
    return replace(
        session,
        token=_text(source.get("token")),
        device_token=_text(source.get("device_token")),
        ended=_ended(source),
    )


def _ended(data: object) -> EndedAccess:
    source = data if isinstance(data, dict) else {}
    return parse(EndedAccess, source.get("ended"))


def _text(data: object) -> str:
    return data if isinstance(data, str) else ""


def _revoked(data: object) -> int:
    revoked = data.get("revoked") if isinstance(data, dict) else None
    return revoked if isinstance(revoked, int) else 0


class Users(Resource):
    """Accounts."""

    create = blocking(create_user)
    me = blocking(get_current_user)
    change_password = blocking(change_password)
    verify_email = blocking(verify_email)
    request_password_reset = blocking(request_password_reset)
    confirm_password_reset = blocking(confirm_password_reset)


class AsyncUsers(AsyncResource):
    """Accounts."""

    create = awaiting(create_user)
    me = awaiting(get_current_user)
    change_password = awaiting(change_password)
    verify_email = awaiting(verify_email)
    request_password_reset = awaiting(request_password_reset)
    confirm_password_reset = awaiting(confirm_password_reset)


class Sessions(Resource):
    """Sessions."""

    create = blocking(create_session)
    list = paging(list_sessions)
    delete = blocking(delete_session)
    revoke_others = blocking(revoke_other_sessions)
    request_link = blocking(request_sign_in_link)
    confirm_link = blocking(confirm_sign_in_link)


class AsyncSessions(AsyncResource):
    """Sessions."""

    create = awaiting(create_session)
    list = async_paging(list_sessions)
    delete = awaiting(delete_session)
    revoke_others = awaiting(revoke_other_sessions)
    request_link = awaiting(request_sign_in_link)
    confirm_link = awaiting(confirm_sign_in_link)
