"""What waits before it is gone for good waits at least as long as a restore may reach back."""

from ops.settings import StoreSettings
from services.files.settings import FilesSettings
from tests.unit.deploy_k8s.manifests import environment, pods

WINDOW_DAYS = float(StoreSettings.model_fields["backup_window_days"].default)
DAY_SECONDS = 24 * 3600


def test_objects_outlive_their_rows_by_the_window() -> None:
    assert FilesSettings.model_fields["discard_delay_days"].default >= WINDOW_DAYS


def test_in_a_cluster_retired_keys_outlive_the_window_by_a_day() -> None:
    (vault,) = (pod for pod in pods() if pod.name == "vault")
    grace = float(environment(vault.main)["SMELT_VAULT_ROTATION_GRACE_SECONDS"])
    assert grace >= (WINDOW_DAYS + 1) * DAY_SECONDS
