"""People at the gateway of the embedded stack."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.api import Person, register, tls
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider
from tests.support.stack import Stack


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep these tests in one process: they share one stack, and some of them kill parts of it."""
    item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="session")
def http(stack: Stack) -> Iterator[httpx2.Client]:
    """A client that trusts the stack's authority."""
    with httpx2.Client(
        base_url=stack.gateway_url, verify=tls(stack), timeout=PATIENCE_SECONDS, trust_env=False
    ) as client:
        yield client


@pytest.fixture(scope="session")
def new_person(http: httpx2.Client) -> Callable[[], Person]:
    """A function that creates another account."""
    return lambda: register(http)


@pytest.fixture(scope="session")
def person(http: httpx2.Client) -> Person:
    """An account for tests that do not care what else it holds."""
    return register(http)


@pytest.fixture
def provider(stack: Stack) -> Iterator[Provider]:
    """The stack's stand-in provider, with an empty script before and after."""
    running = Provider(urlsplit(stack.provider_url).netloc)
    running.reset()
    yield running
    running.reset()
    running.stop()
