"""Rate keys: an API key together with a model. A provider applies its limits to the pair."""

import hashlib


def rate_key(api_key: str, model: str) -> str:
    """Return the name under which calls with an API key to a model are paced and parked."""
    return hashlib.sha256(f"{api_key}\n{model}".encode()).hexdigest()[:32]
