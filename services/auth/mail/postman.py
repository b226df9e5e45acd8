"""Sends what waits in the outbox: one mail at a time, again later when it fails, and not for ever."""

from collections.abc import Callable
from typing import Protocol

from services.auth.due.work import Claim, DueRows, DueWork, Hopeless, Patience, Pauses
from services.auth.mail.letters import PURPOSES, Letter, Mail, MailKind, write
from services.auth.mail.mailed_tokens import Purpose
from services.auth.opaque_tokens import NewToken, make
from services.common.logs import describe, log

#: A mail server that restarts is back within a minute. Nine tries with pauses that double take four hours;
#: after that nobody waits for the mail.
_PAUSES = Pauses(first_seconds=60, longest_seconds=4 * 3600)
MOST_TRIES = 9
#: A person waits for the mail: this much later it goes out at most.
_LOOK_SECONDS = 0.5


class NotDelivered(Exception):
    """The mail server did not take the mail now."""


class Undeliverable(Hopeless):
    """The mail server refuses the mail, and will refuse it again."""


class Sender(Protocol):
    """Carries mails away."""

    async def send(self, letter: Letter) -> None:
        """Deliver a mail within half a minute; raise NotDelivered or Undeliverable."""
        ...


class WaitingMails(Protocol):
    """Where mails wait."""

    async def get(self, claim: Claim) -> Mail | None:
        """Return the claimed mail; None when it was withdrawn, as with its account."""
        ...

    async def remove(self, claim: Claim) -> None:
        """Forget a mail that was sent or given up, unless another process has claimed it."""
        ...


class TokenKeeper(Protocol):
    """Where the digests of mailed tokens are kept."""

    async def issue(self, email: str, purpose: Purpose, token: NewToken) -> bool:
        """Keep a token in the place of an older one; say no when no account may have it."""
        ...


class Postman:
    """Writes and sends mails. A token is made here, and is nowhere but in its mail."""

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
            # Asked for with an address that may have no account: who asked was told nothing of it.
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
