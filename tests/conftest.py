"""Fixtures for all tests: real stores and the embedded stack, started at most once in a whole run."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import FrameType

import pytest
from hypothesis import HealthCheck, settings

from deploy.local.certificates import Certificates
from deploy.local.s3 import ObjectStore
from deploy.local.valkey import Valkey
from tests.support import stack as stacks
from tests.support import stores
from tests.support.session import VARIABLE, Session

# How fast an example is made or run says how busy the machine is, not whether the code is right.
settings.register_profile("smelt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("smelt")

OWNER = pytest.StashKey[Session]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the run; the workers of pytest-xdist find it begun."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ.pop(VARIABLE, None)
        config.stash[OWNER] = Session.begin()
        signal.signal(signal.SIGTERM, _interrupt)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long value by its beginning: whole ones make ids that nobody reads and every process is sent."""
    return f"{argname}-{val[:20]!a}-{len(val)}" if isinstance(val, str | bytes) and len(val) > 60 else None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the embedded stack, if any test used it; a stack that stops badly fails the run."""
    run = session.config.stash.get(OWNER, None)
    if run and (complaint := stacks.stop(run)):
        print(f"\n{complaint}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """End whatever the run has started, in any of its processes."""
    if run := config.stash.get(OWNER, None):
        run.end()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="session")
def test_session() -> Session:
    """What the processes of this run share."""
    return Session.current()


@pytest.fixture(scope="session")
def certificates(test_session: Session) -> Certificates:
    """Certificates of every process: `certificates.identity("auth")` names three files."""
    return stores.certificates(test_session)


@pytest.fixture(scope="session")
def databases(test_session: Session) -> stores.Databases:
    """A real Postgres server: `with databases.fresh("auth") as database` gives a migrated, empty database."""
    return stores.databases(test_session)


@pytest.fixture
def fresh_database(databases: stores.Databases) -> Iterator[Callable[[str], stores.Database]]:
    """`fresh_database("auth")` gives a migrated, empty database that is dropped after the test."""
    with ExitStack() as open_databases:
        yield lambda service: open_databases.enter_context(databases.fresh(service))


@pytest.fixture(scope="session")
def valkey(test_session: Session) -> Valkey:
    """A real Valkey server, shared by all tests: `valkey.url()` holds its password."""
    return stores.valkey(test_session)


@pytest.fixture(scope="session")
def object_store(test_session: Session) -> ObjectStore:
    """A real S3 server with an empty bucket, shared by all tests."""
    return stores.object_store(test_session)


@pytest.fixture(scope="session")
def stack(test_session: Session) -> stacks.Stack:
    """The whole embedded stack behind its gateway, started once for the run."""
    return stacks.start(test_session)
