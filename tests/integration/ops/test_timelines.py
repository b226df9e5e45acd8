"""A restore begins a new timeline; the moments of the old one stay in the window, and both are followed."""

from pathlib import Path

import pytest

from tests.integration.ops.rig import Rig, rows_of


@pytest.mark.long
@pytest.mark.promise("S55")
def test_moments_of_before_and_after_a_restore_can_be_restored(rig: Rig, room: Path) -> None:
    kept = rig.rows + 5
    moment = rig.beat(5)
    lost_moment = rig.beat(5)
    lost = rig.rows
    rig.covered(rig.beat())
    rig.unfollow()
    rig.server.stop()
    done = rig.run("restore", "--to", moment.isoformat(), "--target", str(rig.cluster.data))
    assert done.returncode == 0, done.stdout + done.stderr
    rig.serve()
    rig.follow()
    rig.rows = 10_000
    rig.beat(5)
    # A full backup is made without being asked for: nothing before it can be continued.
    rig.until(lambda: rig.contents().backups[-1].timeline > 1, "a backup of the new timeline")
    rig.covered(rig.beat(5))
    new = [*range(1, kept + 1), *range(10_001, 10_006)]
    late = rig.beat()
    rig.covered(late)
    for when, expected in ((lost_moment, list(range(1, lost + 1))), (late, [*new, *range(10_006, 10_012)])):
        data = room / f"data-{len(expected)}"
        again = rig.run("restore", "--to", when.isoformat(), "--target", str(data))
        assert again.returncode == 0, again.stdout + again.stderr
        assert rows_of(data, rig) == expected
    assert rig.run("verify").returncode == 0
