"""What the vault's brake does to the jobs that meet it."""

from services.common.errors import Kind, RemoteError
from services.processor.rows.endings import Again, ending_of


def test_a_brake_on_new_jobs_makes_them_wait_and_burns_no_row() -> None:
    assert isinstance(ending_of(RemoteError("RELEASE_BRAKE", Kind.EXHAUSTED, "later")), Again)
