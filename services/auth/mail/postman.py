"""Sends the mails in the outbox: one at a time, again later when sending fails, given up after nine tries."""

from collections.abc import Callable
from typing import Protocol

from services.auth.due.work import Claim, DueRows, DueWork, Hopeless, Patience, Pauses
from services.auth.mail.letters import PURPOSES, Letter, Mail, MailKind, write
from services.auth.mail.mailed_tokens import Purpose
from services.auth.opaque_tokens import NewToken, make
from services.common.logs import describe, log

#: A mail server that restarts is back within a minute. Nine tries with doubling pauses take four hours; after
#: that, nobody waits for the mail. Fewer tries, and a longer outage of the mail server loses mails.
_PAUSES = Pauses(first_seconds=60, longest_seconds=4 * 3600)
MOST_TRIES = 9
#: A person is waiting for the mail, so the outbox is checked this often. Shorter only adds idle queries.
_LOOK_SECONDS = 0.5


class NotDelivered(Exception):
    """The mail server did not accept the mail this time."""


class Undeliverable(Hopeless):
    """The mail server refuses the mail, and will refuse it again."""


class Sender(Protocol):
    """Delivers mails."""

    async def send(self, letter: Letter) -> None:
        """Deliver a mail within half a minute; raise NotDelivered or Undeliverable."""
        ...


class WaitingMails(Protocol):
    """The outbox, as far as sending needs it."""

    async def get(self, claim: Claim) -> Mail | None:
        """Return the claimed mail; None if it was removed, for example with its account."""
        ...

    async def remove(self, claim: Claim) -> None:
        """Remove a mail that was sent or given up, unless another process has claimed it."""
        ...


class TokenKeeper(Protocol):
    """Stores the digests of mailed tokens."""

    async def issue(self, email: str, purpose: Purpose, token: NewToken) -> bool:
        """Store a token in place of an older one; return False if no account can have one."""
        ...


class Postman:
    """Writes and sends mails. Tokens are made here and exist only in their mails."""

    def __init__(
        self,
        mails: WaitingMails,
        sender: Sender,
        *,
        tokens: TokenKeeper,
        random: Callable[[int], bytes],
        public_url: str,
    ) -> None:
        self._mails = mails
        self._sender = sender
        self._tokens = tokens
        self._random = random
        self._public_url = public_url

    async def perform(self, claim: Claim) -> None:
        """Write and send a claimed mail; raise NotDelivered, or Hopeless when trying again would not help."""
        mail = await self._mails.get(claim)
        if mail is None:
            return
        try:
            letter = await self._written(mail)
        except (KeyError, ValueError) as error:
            log.error("mail.not_written", kind=mail.kind.value, **describe(error))
            raise Hopeless from None
        if letter is not None:
            await self._sender.send(letter)
            log.info("mail.sent", kind=mail.kind.value)
        await self._mails.remove(claim)

    async def give_up(self, claim: Claim) -> None:
        """Remove a mail that will not be delivered."""
        await self._mails.remove(claim)

    async def _written(self, mail: Mail) -> Letter | None:
        token = ""
        if mail.kind in PURPOSES:
            made = make(self._random)
            # The address may have no account; the request was answered the same way in both cases.
            if await self._tokens.issue(mail.recipient, PURPOSES[mail.kind], made):
                token = made.text
            elif mail.kind is not MailKind.REGISTRATION:
                return None
        return write(mail, token=token, public_url=self._public_url)


def mailing(postman: Postman, rows: DueRows, *, claim_seconds: float) -> DueWork:
    """Return the loop that sends mails as they become due."""
    return DueWork(
        "mail",
        rows,
        postman.perform,
        pauses=_PAUSES,
        claim_seconds=claim_seconds,
        look_seconds=_LOOK_SECONDS,
        patience=Patience(MOST_TRIES, postman.give_up),
    )
