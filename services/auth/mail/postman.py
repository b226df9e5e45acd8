"""Sends what waits in the outbox: one mail at a time, again later when it fails, and not for ever."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from services.auth.mail.letters import PURPOSES, Letter, Mail, MailKind, write
from services.auth.mail.mailed_tokens import Purpose
from services.auth.mail.store import Waiting
from services.auth.opaque_tokens import NewToken, make
from services.common.errors import Unavailable
from services.common.logs import describe, log

#: How long the outbox is left alone when it was empty.
LOOK_SECONDS = 0.5
#: After the first try and eight more over four hours nobody waits for the mail any longer.
MOST_TRIES = 9


class NotDelivered(Exception):
    """The mail was not taken; `for_good` when trying again would not help."""

    def __init__(self, *, for_good: bool) -> None:
        self.for_good = for_good
        super().__init__("not delivered")


class Sender(Protocol):
    """Carries mails away."""

    async def send(self, letter: Letter) -> None:
        """Deliver a mail within half a minute; raise NotDelivered."""
        ...


class WaitingMails(Protocol):
    """Where mails wait."""

    async def take(self) -> Waiting | None: ...

    async def remove(self, id_: str) -> None: ...


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

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            try:
                sent = await self.once()
            except Unavailable:
                sent = False
            if not sent:
                await asyncio.sleep(LOOK_SECONDS)

    async def once(self) -> bool:
        """Send one mail, if one waits; say whether one did."""
        waiting = await self._mails.take()
        if waiting is None:
            return False
        kind = waiting.mail.kind.value
        try:
            letter = await self._written(waiting.mail)
            if letter is not None:
                await self._sender.send(letter)
                log.info("mail.sent", kind=kind)
        except NotDelivered as failure:
            if not failure.for_good and waiting.tries < MOST_TRIES:
                log.warning("mail.not_sent", kind=kind, tries=waiting.tries)
                return True
            log.error("mail.given_up", kind=kind, tries=waiting.tries)
        except (KeyError, ValueError) as error:
            # A mail that cannot be written would be taken out first again and again.
            log.error("mail.not_written", kind=kind, **describe(error))
        await self._mails.remove(waiting.id)
        return True

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
