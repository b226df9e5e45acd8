"""Settings of auth."""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from services.auth.limits.limits import Rate, SignInRates
from services.common.settings import ServiceSettings, Settings


def _rate(value: object) -> object:
    return Rate.parse(value) if isinstance(value, str) else value


LimitRate = Annotated[Rate, NoDecode, BeforeValidator(_rate)]


def _base_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme != "https" or not url.hostname or "@" in url.netloc or url.query or url.fragment:
        raise ValueError("must look like https://smelt.example.com")
    return value.rstrip("/")


class SmtpSettings(Settings):
    """The mail server."""

    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    #: `starttls`, `tls` from the first byte, or `none` for a server on the same machine.
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str = ""
    smtp_password_file: Path | None = None


class AuthSettings(SmtpSettings, ServiceSettings):
    """What auth needs beside what every service needs."""

    vault_address: str
    #: Who holds something of people beside the vault, for exports and deletions.
    files_address: str
    processor_address: str
    #: The longest life of a session; its token cannot live longer than 30 days.
    session_days: int = Field(default=30, ge=1, le=30)
    #: How long what happened to an account is kept for its owner.
    event_days: int = Field(default=90, ge=1)
    #: A session that is not used for so long has ended.
    session_idle_days: int = Field(default=7, ge=1, le=30)
    #: How long a mail, an export or a deletion waits after its process died before another process continues
    #: it. Too short, and work is done twice when a busy process pauses; too long, and people wait longer.
    claim_seconds: float = Field(default=30.0, ge=3, le=3600)
    #: One processor is left to everything else: a flood of logins would take all of them.
    bcrypt_threads: int = Field(default_factory=lambda: max(1, (os.cpu_count() or 1) - 1), ge=1, le=256)
    #: Attempts to sign in, for one e-mail address from one client address.
    limit_login: LimitRate = Rate.parse("5/15m")
    #: The same from one client address over all e-mail addresses; by default four times as many.
    limit_login_address: LimitRate | None = None
    #: Failed ones for one e-mail address over all client addresses; by default twenty times as many in four
    #: times the time.
    limit_login_email: LimitRate | None = None
    #: Registrations from one client address.
    limit_register: LimitRate = Rate.parse("3/1h")
    #: Mails to one address that nobody has to be signed in for, of each kind.
    limit_reset: LimitRate = Rate.parse("3/1h")

    #: `open`, or `first`: nobody after the first account.
    sign_up: Literal["open", "first"] = "open"
    #: Whether a mail must be read before an account can be used.
    verify_email: bool = False
    #: Where people reach this installation; links in mails lead there.
    public_url: Annotated[str, AfterValidator(_base_url)] = "https://localhost:8443"
    mail_from: str = "Smelt <smelt@localhost>"
    #: Mails become files here; it goes before the mail server.
    mail_dir: Path | None = None

    def sign_in_rates(self) -> SignInRates:
        """The limits of signing in, those that are not set made from the one that is."""
        pair = self.limit_login
        return SignInRates(
            pair=pair,
            address=self.limit_login_address or pair.times(4),
            email=self.limit_login_email or pair.times(20, longer=4),
        )
