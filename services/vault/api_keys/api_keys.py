"""Provider keys of people and of the operator: what may be stored, which one is active, who sees which."""

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.common.clock import Now
from services.common.errors import DomainError, InvalidRequest, Kind
from services.common.identity import Passport
from services.common.ids import new_id, parse_name
from services.common.key_kinds import KeyKind
from services.common.lines import check_line
from services.common.paging import Position
from services.common.suspension import Suspended
from services.vault.api_keys import base_url
from services.vault.api_keys.place import MANAGED, OPERATOR_ACCOUNT, KeyPlace
from services.vault.audit.actions import Action
from services.vault.audit.chain import Audit, Event
from services.vault.crypto import envelope
from services.vault.crypto.secret import Secret
from services.vault.keys.account_keys import AccountKeys
from services.vault.keys.system_keys import Macs

#: How many keys an account may store. A rotation reseals them all at once, so it stays a small number.
MOST_KEYS = 100
#: How many keys an account may store over the years. Each deletion leaves a line in the erasure ledger for
#: good.
MOST_EVER = 10_000
#: A provider's time for one answer, in seconds. Less fails answers that are under way; more holds a worker's
#: place for a call that nobody will answer.
SHORTEST_TIMEOUT_SECONDS, LONGEST_TIMEOUT_SECONDS = 5, 900
_HINT_CHARACTERS = 4
_SECRET = re.compile(rb"[!-~]{16,255}\Z")


class ApiKeyFormat(DomainError):
    """The secret does not have the form of a provider's key."""

    reason = "API_KEY_FORMAT"
    kind = Kind.INVALID

    def __init__(self, why: str) -> None:
        super().__init__(f"The API key is not valid: {why}", violations=[("secret", why)])


class ApiKeyNotFound(DomainError):
    """The account has no such key; a key of another account looks the same."""

    reason = "API_KEY_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "API key not found"


class ApiKeyLimit(DomainError):
    """The account has reached its limit of API keys."""

    reason = "API_KEY_LIMIT"
    kind = Kind.EXHAUSTED
    message = f"At most {MOST_KEYS} API keys can be stored; delete one first"


class NoApiKey(DomainError):
    """No key was named and none is active."""

    reason = "NO_API_KEY"
    kind = Kind.PRECONDITION
    message = "No API key is active; add one or choose one"


class TestResult(Enum):
    """The result of trying a key at its provider."""

    VALID = "VALID"
    INVALID = "INVALID"
    NO_CREDITS = "NO_CREDITS"
    UNREACHABLE = "UNREACHABLE"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key, without its secret."""

    account: str
    id: str
    label: str
    hint: str
    base_url: str
    active: bool
    create_time: datetime
    last_used_time: datetime | None = None
    last_test_result: TestResult | None = None
    last_tested_time: datetime | None = None
    kind: KeyKind = KeyKind.OPENAI
    #: How long a call with the key may take; 0 means as long as the installation says.
    timeout_seconds: int = 0

    @property
    def name(self) -> str:
        return f"apiKeys/{self.id}"


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret's blob, and the parts of its associated data that the row must store."""

    epoch: int
    generation: int
    blob: bytes = field(repr=False)
    suite: int = envelope.SUITE


@dataclass(frozen=True, slots=True)
class Repeat:
    """What identifies a repeated request: its Idempotency-Key, if any, and a digest of the request."""

    method: str
    key: str
    digest: bytes


class ApiKeyRows(Protocol):
    """Stores keys. An id that the account does not have gives None, even if another account has it."""

    async def add(
        self, person: Passport, new: ApiKey, *, repeat: Repeat, seal: Callable[[int], Awaitable[SealedSecret]]
    ) -> ApiKey | None:
        """Store the key, active if none is, and return it.

        A repeated request gets what the first one stored, or None if that was deleted. `seal` is called with
        the number of keys stored so far if there is something to store; if it raises, nothing is stored.
        Raises Unauthenticated for a passport from before the account's last suspension.
        """
        ...

    async def replace(self, key: ApiKey, sealed: SealedSecret) -> None: ...

    async def get(self, account: str, id: str) -> ApiKey | None: ...

    async def active(self, account: str) -> ApiKey | None: ...

    async def page(self, account: str, after: Position | None, count: int) -> Sequence[ApiKey]: ...

    async def activate(self, person: Passport, id: str) -> ApiKey | None:
        """Make a key the active one; raise Unauthenticated like `add`."""
        ...

    async def suspend(
        self, account: str, generation: int, *, record: Callable[[str], Awaitable[None]]
    ) -> Suspended:
        """Let no key be active, and remember the generation; `record` is called with a key's id before."""
        ...

    async def note_test(self, account: str, id: str, result: TestResult, time: datetime) -> bool: ...


class Generations(Protocol):
    """Stores the newest generation of each object, apart from the rows."""

    async def count(self, account: str) -> int: ...

    async def generation(self, account: str, name: str) -> int: ...

    async def mark(self, account: str, name: str, generation: int) -> None: ...

    async def mark_deleted(self, account: str, name: str, generation: int) -> None: ...


class Deletions(Protocol):
    """Deletes keys for good, so that no restored copy brings one back; raises LedgerUnavailable."""

    async def delete_api_key(self, account: str, name: str) -> None: ...


class ApiKeys:
    """Manages the stored keys. Each change is in the audit log before it is made."""

    def __init__(
        self,
        *,
        rows: ApiKeyRows,
        generations: Generations,
        deletions: Deletions,
        account_keys: AccountKeys,
        audit: Audit,
        macs: Macs,
        private: Collection[str],
        now: Now,
    ) -> None:
        self._rows = rows
        self._generations = generations
        self._deletions = deletions
        self._account_keys = account_keys
        self._audit = audit
        self._macs = macs
        self._private = private
        self._now = now

    async def create(
        self,
        person: Passport,
        secret: Secret,
        *,
        label: str,
        url: str,
        idempotency_key: str,
        kind: KeyKind = KeyKind.OPENAI,
        timeout_seconds: int = 0,
    ) -> ApiKey:
        """Store a key; the first one becomes active. `timeout_seconds` is 0 or 5 to 900.

        Raises InvalidRequest, ApiKeyFormat, BaseUrlNotAllowed, ApiKeyLimit, IdempotencyKeyReused,
        AccountErased, and Unauthenticated for a passport from before the account's last suspension.
        """
        account = person.account
        check_line(label, "label")
        url = self._checked(secret, url, kind)
        _check_timeout(timeout_seconds)
        hint, now = _hint(secret), self._now()
        new = ApiKey(
            account, new_id(), label, hint, url, False, now, kind=kind, timeout_seconds=timeout_seconds
        )
        asked = [label.encode(), url.encode()]
        if (kind, timeout_seconds) != (KeyKind.OPENAI, 0):
            # Left out otherwise, so that a request from before there were kinds can be repeated.
            asked += [kind.value.encode(), str(timeout_seconds).encode()]
        digest = self._macs.digest("CreateApiKey", secret.reveal(), *asked)

        async def seal(stored: int) -> SealedSecret:
            if stored >= MOST_KEYS or await self._generations.count(account) >= MOST_EVER:
                raise ApiKeyLimit
            await self._audit.record(Event(account, new.name, Action.CREATE_API_KEY, "ok", {"base_url": url}))
            # Marked before the row exists: a row without its mark is never valid.
            await self._generations.mark(account, new.name, 1)
            return await self._sealed(KeyPlace(account, new.id), secret, url=url, generation=1, kind=kind)

        key = await self._rows.add(
            person, new, repeat=Repeat("CreateApiKey", idempotency_key, digest), seal=seal
        )
        if key is None:
            raise ApiKeyNotFound
        return key

    async def set_managed(
        self, secret: Secret, *, url: str, kind: KeyKind = KeyKind.OPENAI, timeout_seconds: int = 0
    ) -> ApiKey:
        """Store or replace the operator's key; raise ApiKeyFormat, BaseUrlNotAllowed."""
        url = self._checked(secret, url, kind)
        _check_timeout(timeout_seconds)
        place = KeyPlace.named("", MANAGED)
        generation = await self._generations.generation(place.account, place.name) + 1
        await self._audit.record(
            Event(place.account, place.name, Action.REPLACE_MANAGED_KEY, "ok", {"base_url": url})
        )
        hint, now = _hint(secret), self._now()
        key = ApiKey(
            place.account, place.id, "", hint, url, False, now, kind=kind, timeout_seconds=timeout_seconds
        )
        sealed = await self._sealed(place, secret, url=url, generation=generation, kind=kind)
        await self._rows.replace(key, sealed)
        # Marked after the row is replaced: until then the old row must stay valid.
        await self._generations.mark(place.account, place.name, generation)
        return key

    async def get(self, account: str, name: str) -> ApiKey:
        """Return a key of the account; raise ApiKeyNotFound."""
        key = await self._rows.get(account, parse_name("apiKeys", name))
        if key is None:
            raise ApiKeyNotFound
        return key

    async def page(self, account: str, after: Position | None, count: int) -> Sequence[ApiKey]:
        """Return at most `count` keys of the account that follow `after`, newest first."""
        return await self._rows.page(account, after, count)

    async def activate(self, person: Passport, name: str) -> ApiKey:
        """Make a key the active one; raise ApiKeyNotFound, or Unauthenticated like `create`."""
        await self.get(person.account, name)
        await self._audit.record(Event(person.account, name, Action.ACTIVATE_API_KEY, "ok"))
        key = await self._rows.activate(person, parse_name("apiKeys", name))
        if key is None:
            raise ApiKeyNotFound
        return key

    async def suspend_earlier(self, account: str, generation: int) -> Suspended:
        """Let none of the account's keys be active: new jobs use one once its owner activates or names it."""

        async def record(id_: str) -> None:
            await self._audit.record(
                Event(account, KeyPlace(account, id_).name, Action.SUSPEND_API_KEY, "ok")
            )

        return await self._rows.suspend(account, generation, record=record)

    async def delete(self, account: str, name: str) -> None:
        """Delete a key; batches of releases that begin after this refuse it.

        Raises ApiKeyNotFound, LedgerUnavailable.
        """
        await self.get(account, name)
        await self._audit.record(Event(account, name, Action.DELETE_API_KEY, "ok"))
        # The key becomes unusable before anything else can fail. While its row exists, the call can be
        # repeated.
        await self._generations.mark_deleted(account, name, 0)
        await self._deletions.delete_api_key(account, name)

    async def record_test(self, account: str, name: str, result: TestResult) -> datetime:
        """Note the result of trying a key of the account, and return the time; raise ApiKeyNotFound."""
        key = await self.get(account, name)
        await self._audit.record(Event(account, name, Action.TEST_API_KEY, "ok", {"result": result.value}))
        now = self._now()
        if not await self._rows.note_test(account, key.id, result, now):
            raise ApiKeyNotFound
        return now

    async def describe(self, account: str, name: str) -> ApiKey:
        """Return the key that a name means: the account's own, the operator's, or (empty) the active one.

        Raises ApiKeyNotFound, NoApiKey.
        """
        if not name:
            active = await self._rows.active(account)
            if active is None:
                raise NoApiKey
            return active
        return await self.get(OPERATOR_ACCOUNT if name == MANAGED else account, name)

    def _checked(self, secret: Secret, url: str, kind: KeyKind) -> str:
        url = base_url.normalised(url, kind, private=self._private)
        value = secret.reveal()
        if not _SECRET.match(value):
            raise ApiKeyFormat("it must be 16 to 255 visible ASCII characters without spaces")
        if base_url.host_of(url) == base_url.DEFAULT_HOST and not value.startswith(b"sk-"):
            raise ApiKeyFormat("a key for this endpoint starts with sk-")
        return url

    async def _sealed(
        self, place: KeyPlace, secret: Secret, *, url: str, generation: int, kind: KeyKind
    ) -> SealedSecret:
        with await self._account_keys.for_sealing(place.account) as under:
            binding = place.binding(
                self._account_keys.keyring, base_url=url, generation=generation, kind=kind
            )
            return SealedSecret(under.epoch, generation, envelope.seal(secret, under, binding))


def _check_timeout(seconds: int) -> None:
    if seconds and not SHORTEST_TIMEOUT_SECONDS <= seconds <= LONGEST_TIMEOUT_SECONDS:
        bounds = f"{SHORTEST_TIMEOUT_SECONDS} to {LONGEST_TIMEOUT_SECONDS}"
        raise InvalidRequest(violations=[("timeout_seconds", f"must be {bounds}, or 0 for the usual time")])


def _hint(secret: Secret) -> str:
    return secret.reveal()[-_HINT_CHARACTERS:].decode("ascii", "replace")
