"""The grant under which workers have messages to an account's webhooks signed when nobody is signed in.

It allows nothing else, and lasts for two weeks. Whatever begins work that may end in a message renews it: the
longest such work is a job of seven days, whose last message is repeated for four.
"""

from datetime import datetime, timedelta
from typing import Protocol

from services.common.identity import Passport
from services.processor.outside import MintedGrant, Proof, as_person

#: A grant that lasts for longer is not renewed, so that most visits cost nothing. It must be more than the
#: eleven days of a job and its messages.
LASTS = timedelta(days=13)


class MintsWebhookGrants(Protocol):
    """Mints grants: auth."""

    async def mint_webhook_grant(self, proof: Proof) -> MintedGrant: ...


class GrantStore(Protocol):
    """Where the grants are kept, sealed."""

    async def lasts(self, account: str, how_long: timedelta) -> bool:
        """Whether the account has a grant that lasts for this long, by the database's clock."""
        ...

    async def keep(self, person: Passport, sealed: bytes, *, expire_time: datetime) -> None:
        """Store a grant; raise Unauthenticated for a passport from before the account's last suspension."""
        ...


class WebhookGrants:
    """Renews grants while their owners are there."""

    def __init__(self, store: GrantStore, auth: MintsWebhookGrants) -> None:
        self._store = store
        self._auth = auth

    async def renew(self, person: Passport) -> None:
        """Make sure that the account's grant lasts as long as work may that begins now."""
        if await self._store.lasts(person.account, LASTS):
            return
        minted = await self._auth.mint_webhook_grant(as_person(person))
        await self._store.keep(person, minted.sealed, expire_time=minted.expire_time)
