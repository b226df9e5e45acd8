"""The request of a row, for one token: what one model answers to it, and what its provider refuses of it."""

import asyncio
from dataclasses import dataclass, replace
from enum import Enum

from services.processor.outside import ReleasesApiKeys, Use
from services.processor.provider.addresses import AddressNotAllowed
from services.processor.provider.answer import Answer, AsksProviders, Unusable
from services.processor.provider.failures import TIMED_OUT
from services.processor.provider.rate_key import rate_key
from services.processor.provider.refused_parts import RefusedParts
from services.processor.rows.requests import Requests, leaving_out, unknown_parts
from services.processor.templates.prompt_settings import PromptSettings
from services.processor.templates.schema import SchemaInvalid

#: How often one model is asked: once, and again without each part that was refused. Fewer say of a model that
#: it does not work although rows would be answered; more let a provider that refuses everything cost time.
MOST_TRIES = 6
#: A test ends after this time, whatever the key's own is: the passport that proves who asks lasts for five
#: minutes, and the finding is put on the key with it.
LONGEST_TEST_SECONDS = 240.0
_WORKS = "The key works"


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
    #: Whether the request was answered, rather than only the key taken.
    works: bool = False


@dataclass(frozen=True, slots=True)
class ModelTest:
    """What one model came to, and the parts of the request that its provider refuses."""

    model: str
    finding: Finding
    refused: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        return self.finding.works


@dataclass(frozen=True, slots=True)
class ModelCalls:
    """Asks models; `seconds` is how long a provider may take where the key does not say."""

    keys: ReleasesApiKeys
    provider: AsksProviders
    refused: RefusedParts
    seconds: float

    async def ask(self, api_key: str, settings: PromptSettings, *, grant: str, account: str) -> ModelTest:
        """Ask a model as a row would; raise the vault's refusal to release the key.

        What the provider refuses is learnt for the rows to come. `grant` allows MOST_TRIES releases.
        """
        place = rate_key(api_key, settings.model)
        await self.refused.recall(place)
        known = self.refused.of(place)
        requests = _requests(settings)
        left_out: frozenset[str] = frozenset()
        for attempt in range(1, MOST_TRIES + 1):
            released = await self.keys.release(grant, Use(row=1, template=0, claim=0, attempt=attempt))
            body = requests.body("Hi", known | left_out | unknown_parts(released.base_url))
            seconds = min(released.timeout_seconds or self.seconds, LONGEST_TEST_SECONDS)
            try:
                async with asyncio.timeout(seconds):
                    said = await self.provider.ask(released, body, account=account)
            except TimeoutError:
                said = Unusable(TIMED_OUT)
            except AddressNotAllowed as error:
                return ModelTest(settings.model, Finding(Result.UNREACHABLE, error.message))
            finally:
                del released
            new = frozenset() if isinstance(said, Answer) else said.failure.parts - left_out
            if not new:
                break
            left_out = leaving_out(left_out, new)
        found = finding(said)
        if left_out and found.works:
            self.refused.learn(place, left_out)
        return ModelTest(settings.model, found, tuple(sorted(known | left_out)))


def _requests(settings: PromptSettings) -> Requests:
    asked = replace(settings, max_tokens=1, max_completion_tokens=min(1, settings.max_completion_tokens))
    try:
        return Requests(asked)
    except SchemaInvalid:
        # No job would start with it, so nothing but the rest can be tried.
        return Requests(replace(asked, json_schema=""))


def finding(said: Answer | Unusable) -> Finding:
    """Return what a provider's answer to a test says of the key."""
    if isinstance(said, Answer):
        return Finding(Result.VALID, _WORKS, works=True)
    failure = said.failure
    match failure.reason:
        case "PROVIDER_AUTH":
            return Finding(Result.INVALID, failure.message, failure.said)
        case "PROVIDER_QUOTA":
            return Finding(Result.NO_CREDITS, failure.message, failure.said)
        # One token is cut off, and may be filtered: that is an answer.
        case "OUTPUT_TRUNCATED" | "CONTENT_FILTERED":
            return Finding(Result.VALID, _WORKS, works=True)
        case "PROVIDER_RATE_LIMITED":
            return Finding(Result.VALID, "The provider knows the key, and asks for fewer calls just now")
        case "PROVIDER_REJECTED" if failure.in_words:
            return Finding(Result.VALID, f"The provider takes the key. {failure.message}", failure.said)
        case _:
            return Finding(Result.UNREACHABLE, failure.message, failure.said)
