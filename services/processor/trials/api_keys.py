"""Trying an API key at its provider: one call for one token, and what its outcome says of the key.

A list of models would cost nothing, but OpenAI gives it to a key without credit too, and some keys may make
calls without listing models. A call for one token is what rows will do, and providers look at the key before
anything else: a person who is told in the provider's own words that a model is not there has a good key.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.common.errors import DomainError, Kind
from services.common.identity import Passport
from services.processor.outside import DescribesApiKeys, Proof, Released, ReleasesApiKeys, Use, as_person
from services.processor.provider.addresses import AddressNotAllowed
from services.processor.provider.answer import Answer, AsksProviders, Unusable
from services.processor.provider.failures import TIMED_OUT


class ApiKeyNotFound(DomainError):
    reason = "API_KEY_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "API key not found"


DEFAULT_MODEL = "gpt-4o-mini"
_MANAGED = "apiKeys/managed"
# The grant of a test covers one row that no file has.
_ONLY_USE = Use(row=1, template=0, claim=0, attempt=1)


class Result(Enum):
    """What a test says of a key, in the words of the contracts."""

    VALID = "VALID"
    INVALID = "INVALID"
    NO_CREDITS = "NO_CREDITS"
    UNREACHABLE = "UNREACHABLE"


@dataclass(frozen=True, slots=True)
class Finding:
    """A result and a sentence about it, and what the provider said, if it refused."""

    result: Result
    message: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class KeyTest:
    """A finding as it stands on the key."""

    name: str
    finding: Finding
    time: datetime


class Vault(DescribesApiKeys, Protocol):
    """What a test of a key asks of the vault."""

    async def record_key_test(self, name: str, result: str, proof: Proof) -> datetime: ...


class Auth(Protocol):
    """Who gives leave to use a key once."""

    async def mint_test_grant(self, api_key: str, proof: Proof) -> str: ...


class KeyTests:
    """Tries keys of people."""

    def __init__(
        self, vault: Vault, auth: Auth, *, keys: ReleasesApiKeys, provider: AsksProviders, seconds: float
    ) -> None:
        """`seconds` is how long a provider may take."""
        self._vault = vault
        self._auth = auth
        self._keys = keys
        self._provider = provider
        self._seconds = seconds

    async def test(self, person: Passport, name: str, model: str) -> KeyTest:
        """Try a key and put the finding on it; ApiKeyNotFound, or the vault's refusal to release."""
        if name == _MANAGED:
            # The operator's key is nobody's own: people may use it in jobs, not try it.
            raise ApiKeyNotFound
        proof = as_person(person)
        name = (await self._vault.describe_key(name, proof)).name
        released = await self._keys.release(await self._auth.mint_test_grant(name, proof), _ONLY_USE)
        found = await self._found(released, model or DEFAULT_MODEL, account=person.account)
        time = await self._vault.record_key_test(name, found.result.value, proof)
        return KeyTest(name, found, time)

    async def _found(self, released: Released, model: str, *, account: str) -> Finding:
        body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
        try:
            async with asyncio.timeout(self._seconds):
                said = await self._provider.ask(released.base_url, released.secret, body, account=account)
        except TimeoutError:
            return Finding(Result.UNREACHABLE, TIMED_OUT.message)
        except AddressNotAllowed as error:
            return Finding(Result.UNREACHABLE, error.message)
        return finding(said)


def finding(said: Answer | Unusable) -> Finding:
    """Return what a provider's answer to a test says of the key."""
    if isinstance(said, Answer):
        return Finding(Result.VALID, "The key works")
    failure = said.failure
    match failure.reason:
        case "PROVIDER_AUTH":
            return Finding(Result.INVALID, failure.message, failure.said)
        case "PROVIDER_QUOTA":
            return Finding(Result.NO_CREDITS, failure.message, failure.said)
        # One token is cut off, and may be filtered: that is an answer.
        case "OUTPUT_TRUNCATED" | "CONTENT_FILTERED":
            return Finding(Result.VALID, "The key works")
        case "PROVIDER_RATE_LIMITED":
            return Finding(Result.VALID, "The provider knows the key, and asks for fewer calls just now")
        case "PROVIDER_REJECTED" if failure.in_words:
            return Finding(Result.VALID, f"The provider takes the key. {failure.message}", failure.said)
        case _:
            return Finding(Result.UNREACHABLE, failure.message, failure.said)
