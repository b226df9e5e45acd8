"""A cluster of this folder's own, whose log is followed into an archive in a directory."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.ops.rig import Rig
from tests.support.session import Session


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep these tests in one process: they share one cluster and its archive."""
    item.add_marker(pytest.mark.xdist_group("backups"))


@pytest.fixture(scope="session")
def rig(test_session: Session) -> Iterator[Rig]:
    """A served cluster with one full backup, followed."""
    home = test_session.directory / "backups"
    home.mkdir(mode=0o755)
    made = Rig.at(home)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def room(test_session: Session) -> Iterator[Path]:
    """A directory that the server's user may enter, also if the tests run as root."""
    made = Path(tempfile.mkdtemp(prefix="room-", dir=test_session.directory))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)
