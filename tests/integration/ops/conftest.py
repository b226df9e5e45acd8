"""A cluster of this folder's own, whose log is followed into an archive in a directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.ops.rig import Rig


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep these tests in one process: they share one cluster and its archive."""
    item.add_marker(pytest.mark.xdist_group("backups"))


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A served cluster with one full backup, followed."""
    made = Rig.at(tmp_path_factory.mktemp("backups"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A directory that the server's user may enter, also if the tests run as root."""
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(0o755)
    return tmp_path
