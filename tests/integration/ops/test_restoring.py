"""A moment comes back whole, from the archive alone, and nothing live is touched before that is certain."""

from pathlib import Path

import pytest

from tests.integration.ops.rig import Rig, rows_of


@pytest.mark.promise("S55")
def test_a_moment_between_two_backups_comes_back(rig: Rig, room: Path) -> None:
    rig.beat(20, padding=1000)
    made = rig.run("backup")
    assert made.returncode == 0, made.stdout + made.stderr
    assert "increment" in made.stdout
    moment = rig.beat(20)
    kept = rig.rows
    rig.covered(rig.beat(20))
    data = room / "data"
    done = rig.run("restore", "--to", moment.isoformat(), "--target", str(data))
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows_of(data, rig) == list(range(1, kept + 1))


@pytest.mark.promise("S55")
def test_a_drill_restores_any_moment_and_leaves_nothing_behind(rig: Rig, room: Path) -> None:
    rig.covered(rig.beat(5))
    done = rig.run("drill", "--room", str(room))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed: " in done.stdout
    assert list(room.iterdir()) == []
    assert "drilled: never" not in rig.run("status").stdout
