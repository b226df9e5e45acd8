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
    """The mail server; without one, and without a mail directory, mails are dropped with a warning."""

    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    #: `starttls`, `tls` from the first byte, or `none` (plain text) for a server on the same machine.
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str = ""
    smtp_password_file: Path | None = None


class AuthSettings(SmtpSettings, ServiceSettings):
    """What auth needs beyond what every service needs."""

    vault_address: str
    #: The services that hold personal data, beside the vault; exports and deletions call them.
    files_address: str
    processor_address: str
    #: The longest life of a session. The vault signs session tokens for 30 days at most.
    session_days: int = Field(default=30, ge=1, le=30)
    #: How long the events of an account are kept for its owner.
    event_days: int = Field(default=90, ge=1)
    #: A session that is unused for this long ends.
    session_idle_days: int = Field(default=7, ge=1, le=30)
    #: How long a mail, an export or a deletion waits after its process died before another process continues
    #: it. Too short, and work is done twice when a busy process pauses; too long, and people wait longer.
    claim_seconds: float = Field(default=30.0, ge=3, le=3600)
    #: Passwords checked at once. By default one processor stays free, so that a flood of logins cannot take
    #: all of them; with fewer threads, people wait longer at busy times.
    bcrypt_threads: int = Field(default_factory=lambda: max(1, (os.cpu_count() or 1) - 1), ge=1, le=256)
    #: How long a password may wait for one of these. A request waits at most twice, for the current and the
    #: new password, and the gateway gives up after fifteen seconds. Longer, and people get a 504 after work
    #: that was done for nothing; shorter, and bursts that could be served are refused with 503.
    bcrypt_wait_seconds: float = Field(default=4.0, ge=0.1, le=300)
    #: Sign-in attempts for one e-mail address from one client address.
    limit_login: LimitRate = Rate.parse("5/15m")
    #: Sign-in attempts from one client address for any e-mail address; by default four times as many. Too
    #: low, and people behind one shared address lock each other out; too high, and one client can try many
    #: accounts.
    limit_login_address: LimitRate | None = None
    #: Failed sign-ins for one e-mail address from any client address; by default twenty times as many in four
    #: times the time. Too low, and strangers easily block sign-ins from new devices; too high, and many
    #: machines together can guess longer.
    limit_login_email: LimitRate | None = None
    #: Registrations from one client address.
    limit_register: LimitRate = Rate.parse("3/1h")
    #: Mails of each kind to one address that can be requested without signing in.
    limit_reset: LimitRate = Rate.parse("3/1h")

    #: `open`, or `first`: registration closes after the first account.
    sign_up: Literal["open", "first"] = "open"
    #: Whether an account can be used only after the link in its registration mail was opened.
    verify_email: bool = False
    #: The address at which people reach this installation; links in mails lead there.
    public_url: Annotated[str, AfterValidator(_base_url)] = "https://localhost:8443"
    mail_from: str = "Smelt <smelt@localhost>"
    #: A directory in which mails are written as files; if set, the mail server is not used.
    mail_dir: Path | None = None

    def sign_in_rates(self) -> SignInRates:
        """Return the limits of signing in; those that are not set follow from `limit_login`."""
        pair = self.limit_login
        return SignInRates(
            pair=pair,
            address=self.limit_login_address or pair.times(4),
            email=self.limit_login_email or pair.times(20, longer=4),
        )
