"""What the stand-in knows, what it was asked, and the switches by which a test has it refuse."""

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from services.common.ids import new_id
from services.common.rpc.guard import Ended
from tests.support.vault.account_keys import AccountKeys
from tests.support.vault.refusals import Refused
from tests.support.vault.tokens import Tokens

PROVIDER_SECRET = "sk-test-key-of-an-account-of-the-tests"
#: Account and id.
GrantKey = tuple[str, str]
RELEASE = "ReleaseApiKeys"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A provider key."""

    name: str
    base_url: str
    secret: str = PROVIDER_SECRET
    kind: str = "OPENAI"
    timeout_seconds: int = 0


@dataclass(frozen=True, slots=True)
class KeyTest:
    """What was reported of trying a key, and when."""

    account: str
    name: str
    result: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """A record of the audit log."""

    seq: int
    time: datetime
    account: str
    object: str
    action: str
    outcome: str
    details: dict[str, str]


class Asked(dict[str, int]):
    """How often each method was asked; a name that is none is a mistake of the test."""

    def __init__(self, methods: set[str]) -> None:
        super().__init__(dict.fromkeys(methods, 0))

    def __missing__(self, key: str) -> int:
        raise KeyError(f"the vault has no method {key}")


@dataclass(slots=True)
class Refusal:
    """A refusal that a test has ordered; `left` counts down, None is until further notice."""

    reason: str
    left: int | None


@dataclass(slots=True)
class Grants:
    """What became of grants."""

    revoked: set[GrantKey] = field(default_factory=set)
    released: Counter[GrantKey] = field(default_factory=Counter)
    #: Each use with its grant.
    uses: set[tuple[Any, ...]] = field(default_factory=set)
    #: Accounts all of whose grants are over.
    ended_accounts: set[str] = field(default_factory=set)
    #: Grants by what is stored of them.
    sealed: dict[bytes, str] = field(default_factory=dict)

    def seal(self, token: str) -> bytes:
        """Return what may be stored of a grant: nothing of it is in there."""
        sealed = os.urandom(64)
        self.sealed[sealed] = token
        return sealed

    def is_over(self, key: GrantKey) -> bool:
        """Tell whether a grant releases nothing because it was ended, or its account was."""
        return key in self.revoked or key[0] in self.ended_accounts


class Known:
    """The state that all servicers of one stand-in share."""

    def __init__(self, methods: set[str]) -> None:
        #: How often each method was asked, by its short name.
        self.asked = Asked(methods)
        #: How many tokens of each kind were signed.
        self.signed: Counter[str] = Counter()
        self.tokens = Tokens()
        self.account_keys = AccountKeys()
        self.grants = Grants()
        self.key_tests: list[KeyTest] = []
        self.events: list[Event] = []
        #: By account and name.
        self.api_keys: dict[str, dict[str, ApiKey]] = {}
        #: The name of each account's active key: the first one, until it is suspended or deleted.
        self.active_keys: dict[str, str] = {}
        #: The newest generation of each account, and how many keys were suspended for it.
        self.generations: dict[str, tuple[int, int]] = {}
        #: What an account without a key of its own has, under every name; a test need not give one to each.
        self.usual_key: ApiKey | None = None
        #: Peppers by id.
        self.peppers = {"p0": b"p0", "p1": b"p1"}
        self.pepper_id = "p1"
        #: By service: the history of its database, and the settlements that were taken.
        self.histories: dict[str, str] = {}
        self.settlements: set[tuple[str, str]] = set()
        self._refusals: dict[str, Refusal] = {}

    def compare(self, service: str, history: str, settlement: str) -> tuple[bool, str]:
        """Return whether a service's database is the known one, the first or a settled one; and the known."""
        known = self.histories.get(service, "")
        taken = not settlement or (service, settlement) in self.settlements
        if known and known != history and taken:
            return False, known
        self.settlements.add((service, settlement))
        self.histories[service] = history
        return True, known

    def refuse(self, method: str, reason: str, *, times: int | None = None) -> None:
        """Refuse a method from now on, or `times` times; of ReleaseApiKeys each message, not the stream."""
        assert method in self.asked
        self._refusals[method] = Refusal(reason, times)

    def relent(self, *methods: str) -> None:
        """Refuse these methods no longer; without any, no method."""
        for method in methods or tuple(self._refusals):
            self._refusals.pop(method, None)

    def check(self, method: str) -> None:
        """Raise what a test has ordered for the method."""
        refusal = self._refusals.get(method)
        if refusal is None or refusal.left == 0:
            return
        if refusal.left is not None:
            refusal.left -= 1
        raise Refused(refusal.reason)

    def may(self, method: str) -> None:
        """The guard's question before each call."""
        if (name := method.rpartition("/")[2]) != RELEASE:
            self.check(name)

    def note(self, ended: Ended) -> None:
        """What the guard tells of each call that has ended."""
        if ended.admitted and (name := ended.method.rpartition("/")[2]) in self.asked:
            self.asked[name] += 1

    def record(
        self, account: str, object: str, action: str, *, outcome: str = "ok", **details: object
    ) -> datetime:
        """Put an event on record; return when that was."""
        now = datetime.now(UTC)
        told = {name: str(value) for name, value in details.items()}
        self.events.append(Event(len(self.events) + 1, now, account, object, action, outcome, told))
        return now

    def api_key(self, account: str, name: str) -> ApiKey | None:
        """Return the key that an account means by a name, or (without one) its active one."""
        own = self.api_keys.get(account)
        if own is not None:
            return own.get(name or self.active_keys.get(account, ""))
        usual = self.usual_key
        return usual and replace(usual, name=name or usual.name)

    def add_key(self, account: str, secret: str, base_url: str, **more: Any) -> str:
        """Give an account a key and return its name."""
        key = ApiKey(f"apiKeys/{new_id()}", base_url, secret, **more)
        self.record(account, key.name, "create", base_url=base_url)
        self.api_keys.setdefault(account, {})[key.name] = key
        self.active_keys.setdefault(account, key.name)
        return key.name

    def suspend(self, account: str, generation: int) -> int:
        """Let no key of an account be active; return how many were."""
        known, count = self.generations.get(account, (0, 0))
        if known >= generation:
            return count
        active = self.active_keys.pop(account, "")
        if active:
            self.record(account, active, "suspend")
        self.generations[account] = generation, 1 if active else 0
        return 1 if active else 0

    def delete_key(self, account: str, name: str) -> None:
        """Take a key away from an account."""
        self.record(account, name, "delete")
        del self.api_keys[account][name]
        if self.active_keys.get(account) == name:
            del self.active_keys[account]

    def erase(self, account: str, caller: str) -> datetime:
        """End an account for good; return when that was first done."""
        since = self.account_keys.erase(account)
        self.api_keys[account] = {}
        self.grants.ended_accounts.add(account)
        self.grants.revoked |= {each for each in self.grants.released if each[0] == account}
        self.record(account, "", "erase", caller=caller)
        return since
