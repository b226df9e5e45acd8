"""The kinds of API keys: in which words a provider's endpoint is asked."""

from enum import Enum


class KeyKind(Enum):
    """How a key is sent, and what its base URL may look like; the names are those of the contracts."""

    #: `Authorization: Bearer`, as OpenAI and nearly every other provider want it.
    OPENAI = "OPENAI"
    #: The header `api-key`; the base URL may end in `?api-version=`, which goes behind the call's path.
    AZURE_OPENAI = "AZURE_OPENAI"
