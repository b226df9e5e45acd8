"""Each fault of the archive is named before anything live is touched."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops.archive.manifest import backups
from ops.archive.names import piece
from ops.stores.directory import Directory
from tests.integration.ops.rig import Rig


@pytest.fixture(scope="session")
def moment(rig: Rig) -> datetime:
    """A moment after a full backup, an increment, and a few finished pieces of log."""
    rig.beat(5)
    for _ in range(2):
        made = rig.run("backup")
        assert made.returncode == 0, made.stdout + made.stderr
        rig.beat(5)
        rig.switch()
    moment = rig.beat(5)
    # A heartbeat follows before the piece ends, so that the piece covers the moment.
    rig.covered(moment)
    rig.switch()
    rig.covered(rig.beat(5))
    return moment


def flip(path: Path, at: int) -> None:
    """Flip one bit of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def newest_needed(archive: Path, moment: datetime) -> Path:
    """The piece of log that the moment's own rows lie in."""
    store = Directory(archive)
    pieces = [found for stored in store.listed("main/wal/") if (found := piece(stored))]
    wanted = min((each for each in pieces if each.covered >= moment), key=lambda each: each.name)
    return archive / wanted.key


def flipped_backup(archive: Path, moment: datetime) -> str:
    backup = backups(Directory(archive))[0]
    flip(archive / backup.data_key, backup.size // 2)
    return f"backup {backup.id} is damaged"


def flipped_piece(archive: Path, moment: datetime) -> str:
    path = newest_needed(archive, moment)
    flip(path, path.stat().st_size // 2)
    return f"piece {path.name[:24]} of the log is damaged"


def missing_piece(archive: Path, moment: datetime) -> str:
    path = newest_needed(archive, moment)
    path.unlink()
    return f"piece {path.name[:24]} of the log is missing"


def missing_increment(archive: Path, moment: datetime) -> str:
    known = [each for each in backups(Directory(archive)) if each.end_time <= moment]
    shutil.rmtree((archive / known[-2].data_key).parent)
    return f"builds on {known[-2].id}, which the archive does not have"


def cut_backup(archive: Path, moment: datetime) -> str:
    backup = [each for each in backups(Directory(archive)) if each.end_time <= moment][-1]
    os.truncate(archive / backup.data_key, backup.size - 1)
    return f"the data of backup {backup.id} has {backup.size - 1} bytes"


FAULTS = [flipped_backup, flipped_piece, missing_piece, missing_increment, cut_backup]


@pytest.mark.promise("S55")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_before_anything_live_is_touched(
    rig: Rig, moment: datetime, room: Path, fault: Callable[[Path, datetime], str]
) -> None:
    archive, live = rig.copied_archive(room / "archive"), room / "data"
    live.mkdir()
    (live / "PG_VERSION").write_text("what is live")
    named = fault(archive, moment)
    refused = rig.run(
        "restore", "--to", moment.isoformat(), "--target", str(live), SMELT_BACKUP_DIR=str(archive)
    )
    assert refused.returncode == 1
    assert named in refused.stderr, refused.stderr
    assert [path.name for path in live.iterdir()] == ["PG_VERSION"]
    # Without an identity it is found too, by those who look each day.
    verified = rig.run("verify", SMELT_BACKUP_DIR=str(archive))
    assert verified.returncode == 1
    assert "FAULT" in verified.stdout


@pytest.mark.promise("S55")
def test_another_identity_opens_nothing(rig: Rig, moment: datetime, room: Path) -> None:
    refused = rig.run(
        "restore",
        "--to",
        moment.isoformat(),
        "--target",
        str(room / "data"),
        SMELT_BACKUP_IDENTITY_FILE=str(rig.home / "stranger.key"),
    )
    assert refused.returncode == 1
    assert "sealed for other identities" in refused.stderr
    assert not (room / "data").exists()


def test_a_moment_outside_the_window_is_refused_and_the_window_is_named(rig: Rig, room: Path) -> None:
    for wrong in (datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(hours=1)):
        refused = rig.run("restore", "--to", wrong.isoformat(), "--target", str(room / "data"))
        assert refused.returncode == 1
        assert "can be restored" in refused.stderr
        assert "Moments from" in refused.stderr
    assert list(room.iterdir()) == []


@pytest.mark.promise("S55")
def test_nothing_of_the_rows_can_be_read_in_the_archive(rig: Rig, moment: datetime) -> None:
    rig.covered(rig.beat(3, padding=2000))
    for path in (rig.home / "archive").rglob("*"):
        if path.is_file():
            assert b"canary-00" not in path.read_bytes()
    # The same sweep finds it where it stands in the clear.
    assert any(
        b"canary-00" in path.read_bytes()
        for path in (rig.cluster.data / "pg_wal").iterdir()
        if path.is_file()
    )
