"""Where mails go: to a mail server, into a folder, or nowhere if neither is set."""

import asyncio
import email.policy
import os
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib

from services.auth.mail.letters import Letter
from services.auth.mail.postman import NotDelivered, Sender, Undeliverable
from services.auth.settings import AuthSettings, SmtpSettings
from services.common.ids import new_id
from services.common.logs import describe, log
from services.common.settings import read_secret

#: For each exchange with the mail server. Shorter, and slow servers (greylisting, tarpits) look like
#: failures.
_SECONDS = 20.0
# Longer than any line of ours, so that none is wrapped: a link must stay in one piece.
_POLICY = email.policy.default.clone(max_line_length=900, utf8=True)


def message(letter: Letter, sender: str) -> EmailMessage:
    """Return the mail in the format of RFC 5322. The library refuses line breaks in headers."""
    made = EmailMessage(policy=_POLICY)
    made["From"] = sender
    local, _, domain = letter.recipient.rpartition("@")
    made["To"] = Address(username=local, domain=domain)
    made["Subject"] = letter.subject
    made["Date"] = datetime.now(UTC)
    made["Message-ID"] = f"<{new_id()}@{sender.rpartition('@')[2].rstrip('>')}>"
    # RFC 3834: asks automatic responders not to reply.
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.body, charset="utf-8", cte="8bit")
    return made


class SmtpSender:
    """A mail server. Each mail gets its own connection, because mails are few."""

    def __init__(self, settings: SmtpSettings, *, password: str | None, sender: str) -> None:
        self._settings = settings
        self._password = password
        self._sender = sender

    async def send(self, letter: Letter) -> None:
        settings = self._settings
        try:
            await aiosmtplib.send(
                message(letter, self._sender),
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_username or None,
                password=self._password,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                timeout=_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            log.warning("mail.refused", **describe(error))
            # RFC 5321, 4.2.1: codes from 500 are final.
            final = all(refusal.code >= 500 for refusal in error.recipients)
            raise (Undeliverable if final else NotDelivered) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            log.warning("mail.failed", **describe(error))
            raise NotDelivered from None


class FolderSender:
    """A folder with one file per mail, named by time: for a machine without a mail server."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, letter: Letter) -> None:
        try:
            await asyncio.to_thread(self._write, bytes(message(letter, self._sender)))
        except OSError as error:
            log.warning("mail.failed", **describe(error))
            raise NotDelivered from None

    def _write(self, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{new_id()[:8]}.eml"
        part = self._folder / f".{name}"
        # Anyone who reads a mail with a link can take over the account, so only the file's owner may read it.
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        part.rename(self._folder / name)


class NoSender:
    """Nowhere: logs a warning for each mail, so that operators notice that mail is not set up."""

    async def send(self, letter: Letter) -> None:
        log.warning("mail.no_server")
        raise Undeliverable


def chosen(settings: AuthSettings) -> Sender:
    """Return the sender that the settings ask for; a folder takes precedence over a mail server."""
    if settings.mail_dir is not None:
        return FolderSender(settings.mail_dir, sender=settings.mail_from)
    if settings.smtp_host:
        file = settings.smtp_password_file
        return SmtpSender(settings, password=read_secret(file) if file else None, sender=settings.mail_from)
    return NoSender()
