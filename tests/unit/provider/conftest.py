"""One stand-in provider for all tests of this folder, reset before each."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider

KEY = "sk-test-abcdefghijklmnop"


@pytest.fixture(scope="session")
def running_provider() -> Iterator[Provider]:
    with Provider.start() as provider:
        yield provider


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    running_provider.reset()
    return running_provider


@pytest.fixture
def http(provider: Provider) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx2.Client(
        base_url=provider.base_url, headers=headers, trust_env=False, timeout=PATIENCE_SECONDS
    ) as client:
        yield client
