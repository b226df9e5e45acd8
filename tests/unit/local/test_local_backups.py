"""With backups on, nothing that a restore needs goes before the window has passed."""

import pytest

from deploy.local.backups import WINDOW_DAYS, tied_to
from services.files.settings import FilesSettings


@pytest.mark.parametrize("window_days", [0.5, 1, WINDOW_DAYS, 30.2])
def test_keys_and_objects_outlive_the_window(window_days: float) -> None:
    told = tied_to(window_days)
    assert int(told["vault"]["SMELT_VAULT_ROTATION_GRACE_SECONDS"]) >= (window_days + 1) * 86_400
    assert int(told["files"]["SMELT_DISCARD_DELAY_DAYS"]) >= window_days


def test_elsewhere_objects_outlive_the_window_by_default() -> None:
    assert FilesSettings.model_fields["discard_delay_days"].default >= WINDOW_DAYS
