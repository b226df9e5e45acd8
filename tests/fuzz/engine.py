"""Sends requests over a few connections, each for an account of its own, and keeps what was wrong."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2

from tests.e2e.api import PASSWORD, Person, register, tls
from tests.e2e.belongings import belongings
from tests.fuzz.http import Connection, NoAnswer, Received, Sent
from tests.fuzz.judge import fault
from tests.fuzz.requests import Requests
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack

T = TypeVar("T")

LINES = 4
_SHOWN = 2000
#: What an overloaded machine answers. It counts when a request is answered so until patience ends.
_BUSY = (503, 504)
_REQUESTS_OF_AN_ACCOUNT = 300
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """A request and what was wrong with its answer. The token is left out."""

    what: str
    sent: Sent
    content: bytes = b""

    def __str__(self) -> str:
        return f"{self.what}\n  sent {self.sent.bytes()[:_SHOWN]!r}\n  got  {self.content[:_SHOWN]!r}"


@dataclass(slots=True)
class Outcome:
    """What became of the requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    #: The operations that succeeded at least once.
    succeeded: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    #: Answers of 503 and 504 to requests that were answered otherwise when they were sent again.
    busy: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        return sum(self.statuses.values())

    def note(self, sent: Sent, answer: Received) -> Finding | None:
        """Count an answer; return what is wrong with it."""
        self.statuses[answer.status] += 1
        if answer.status < 300:
            self.succeeded.add(sent.operation)
        what = fault(answer, head=sent.method == b"HEAD")
        if not what:
            return None
        shown = Sent(sent.method, sent.target, sent.headers[1:], sent.content, sent.operation)
        self.findings.append(Finding(what, shown, answer.content))
        return self.findings[-1]


async def fuzz(
    stack: Stack,
    *,
    seed: int,
    enough: Callable[[Outcome], bool],
    told: Callable[[Finding], None] = print,
    lines: int = LINES,
) -> Outcome:
    """Send requests until `enough`; call `told` for each finding. The same seed gives the same requests, but
    for the ids in them."""
    outcome = Outcome()
    each = (_Line(stack, random.Random(f"{seed}.{nth}"), outcome, told) for nth in range(lines))
    await asyncio.gather(*(line.run(enough) for line in each))
    return outcome


class _Line:
    def __init__(
        self, stack: Stack, dice: random.Random, outcome: Outcome, told: Callable[[Finding], None]
    ) -> None:
        parts = urlsplit(stack.gateway_url)
        self._stack = stack
        self._dice = dice
        self._outcome = outcome
        self._told = told
        self._connection = Connection(
            parts.hostname or "", parts.port or 443, tls(stack), seconds=PATIENCE_SECONDS
        )

    async def run(self, enough: Callable[[Outcome], bool]) -> None:
        try:
            while not enough(self._outcome):
                # After a while the requests have deleted what they began with, or the account itself.
                person, names = await self._patiently(self._begin)
                requests, token, left = Requests(self._dice, names), person.token, _REQUESTS_OF_AN_ACCOUNT
                while token and left > 0 and not enough(self._outcome):
                    left -= await self._ask(requests, token, enough)
                    token = await self._patiently(partial(self._sign_in, person))
        finally:
            self._connection.close()

    async def _patiently(self, work: Callable[[], T]) -> T:
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            try:
                return await asyncio.to_thread(work)
            except (AssertionError, KeyError, httpx2.TransportError):
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(self, requests: Requests, token: str, enough: Callable[[Outcome], bool]) -> int:
        """Ask until the session has ended, or this was a good many; return how many."""
        count = refused = 0
        while refused < 5 and count < _REQUESTS_OF_AN_ACCOUNT and not enough(self._outcome):
            sent = requests.next(token)
            answer = await self._answer(sent)
            if finding := self._outcome.note(sent, answer):
                self._told(finding)
            good = (b"Authorization", f"Bearer {token}".encode()) in sent.headers
            refused = refused + 1 if answer.status == 401 and good else 0
            count += 1
        return count

    async def _answer(self, sent: Sent) -> Received:
        """Ask, and ask again while the answer is that the service is busy: a fault answers so each time."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            try:
                answer = await self._connection.ask(sent)
            except NoAnswer as error:
                answer = Received(599, content=str(error).encode())
            if answer.status not in _BUSY or asyncio.get_running_loop().time() > deadline:
                return answer
            self._outcome.busy[f"{answer.status} {sent.operation}"] += 1
            await asyncio.sleep(_PAUSE_SECONDS)

    @contextmanager
    def _http(self) -> Iterator[httpx2.Client]:
        with httpx2.Client(
            base_url=self._stack.gateway_url,
            verify=tls(self._stack),
            timeout=PATIENCE_SECONDS,
            trust_env=False,
        ) as http:
            yield http

    def _begin(self) -> tuple[Person, dict[str, list[str]]]:
        with self._http() as http:
            person = register(http)
            base = f"http://{urlsplit(self._stack.provider_url).netloc}/v1"
            names = {collection: [name] for collection, name in belongings(person, base).items()}
            library = person.ok("GET", "/v1/libraryTemplates")["library_templates"]
        return person, names | {"libraryTemplates": [each["name"] for each in library]}

    def _sign_in(self, person: Person) -> str:
        """Return the token of a new session; empty if the account is gone."""
        with self._http() as http:
            answer = http.post("/v1/sessions", json={"email": person.email, "password": PASSWORD})
        assert answer.status_code in (201, 401), answer.text
        return str(answer.json().get("token", ""))
