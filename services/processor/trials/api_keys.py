"""Trying an API key at its provider: a row's request for one token to each model, and what comes of it.

A list of models would cost nothing, but OpenAI gives it to a key without credit too, and some keys may make
calls without listing models. A call for one token is what rows will do, and providers look at the key before
anything else: a person who is told in the provider's own words that a model is not there has a good key.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.errors import DomainError, Kind
from services.common.identity import Passport
from services.processor.outside import DescribesApiKeys, Proof, as_person
from services.processor.templates.prompt_settings import DEFAULT_MODEL, PromptSettings
from services.processor.templates.template import Template
from services.processor.trials.model_calls import MOST_TRIES, Finding, ModelCalls, ModelTest, Result


class ApiKeyNotFound(DomainError):
    reason = "API_KEY_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "API key not found"


#: How many models of an account's templates are asked. Each is a call that is paid for.
MOST_MODELS = 5
_MOST_NAMED = 100
_MANAGED = "apiKeys/managed"
#: Which finding stands for the whole key: a provider that answers for one model takes the key.
_ORDER = (Result.VALID, Result.NO_CREDITS, Result.INVALID, Result.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class KeyTest:
    """A finding as it stands on the key, what each model came to, and the models that were not asked."""

    name: str
    finding: Finding
    time: datetime
    models: Sequence[ModelTest]
    left_out: Sequence[str]


class Vault(DescribesApiKeys, Protocol):
    """What a test of a key asks of the vault."""

    async def record_key_test(self, name: str, result: str, proof: Proof) -> datetime: ...


class Auth(Protocol):
    """Who gives leave to use a key for one test."""

    async def mint_test_grant(self, api_key: str, releases: int, proof: Proof) -> str: ...


class FindsModels(Protocol):
    """Knows which models an account's templates use."""

    async def models(self, account: str, most: int) -> list[str]: ...
    async def newest_of(self, account: str, models: Sequence[str]) -> list[Template]: ...


class KeyTests:
    """Tries keys of people."""

    def __init__(self, vault: Vault, auth: Auth, *, templates: FindsModels, calls: ModelCalls) -> None:
        self._vault = vault
        self._auth = auth
        self._templates = templates
        self._calls = calls

    async def test(self, person: Passport, name: str, model: str) -> KeyTest:
        """Try a key and put the finding on it; ApiKeyNotFound, or the vault's refusal to release."""
        if name == _MANAGED:
            # The operator's key is nobody's own: people may use it in jobs, not try it.
            raise ApiKeyNotFound
        proof = as_person(person)
        name = (await self._vault.describe_key(name, proof)).name
        asked, left_out = [model] if model else [DEFAULT_MODEL], []
        if not model and (used := await self._templates.models(person.account, MOST_MODELS + _MOST_NAMED)):
            asked, left_out = used[:MOST_MODELS], used[MOST_MODELS:]
        templates = await self._templates.newest_of(person.account, asked)
        known = {each.fields.settings.model: each.fields.settings for each in templates}

        async def ask(model: str) -> ModelTest:
            settings = known.get(model) or PromptSettings("Hi", "Answer", model)
            grant = await self._auth.mint_test_grant(name, MOST_TRIES, proof)
            return await self._calls.ask(name, settings, grant=grant, account=person.account)

        running = [asyncio.ensure_future(ask(each)) for each in asked]
        try:
            found = await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        whole = min((each.finding for each in found), key=_rank)
        time = await self._vault.record_key_test(name, whole.result.value, proof)
        return KeyTest(name, whole, time, found, left_out)


def _rank(finding: Finding) -> tuple[bool, int]:
    return not finding.works, _ORDER.index(finding.result)
