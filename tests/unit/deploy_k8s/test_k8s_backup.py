"""The component of backups: valid, narrow, told what its commands read; its alerts lead somewhere."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from ops.watching import metrics
from tests.support.processes import settings_of, variables
from tests.unit.deploy_k8s.manifests import FOLDER, NAME, Manifest
from tests.unit.deploy_k8s.test_k8s_schema import NEWEST, OLDEST

CUSTOM = {"PodMonitor", "PrometheusRule"}
OVERLAY = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../base]
components: [../../components/backup, ../../components/backup-alerts]
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """The base with the component, as `kubectl apply -k` would apply it."""
    beside = Path(sys.executable).with_name("kubectl")
    program = str(beside) if beside.exists() else shutil.which("kubectl")
    if program is None:
        pytest.skip("there is no kubectl: its wheel is for Linux, and none is on the path")
    place = tmp_path_factory.mktemp("k8s") / "k8s"
    shutil.copytree(FOLDER, place)
    overlay = place / "overlays" / "backed-up"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(OVERLAY)
    done = subprocess.run([program, "kustomize", str(overlay)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def containers(rendered: list[Manifest]) -> Iterator[tuple[Manifest, Manifest, Manifest]]:
    """Yield manifest, pod and container of every command of `smelt-ops`."""
    for manifest in rendered:
        spec = manifest.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        for container in template["spec"]["containers"] if template else ():
            if container["command"][:3] == ["python", "-m", "ops"]:
                yield manifest, template["spec"], container


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_what_is_rendered_is_valid(rendered: list[Manifest], version: str) -> None:
    for manifest in rendered:
        if manifest["kind"] not in CUSTOM:
            assert kubernetes_validate.validate(manifest, version, strict=True) == version


def test_each_command_runs_where_it_should(rendered: list[Manifest]) -> None:
    found = {
        (manifest["kind"], manifest["metadata"]["name"]): container["command"][3]
        for manifest, _, container in containers(rendered)
        if manifest["kind"] != "StatefulSet"
    }
    assert found == {
        ("Deployment", "backup-wal"): "wal",
        ("CronJob", "backup-full"): "backup",
        ("CronJob", "backup-increment"): "backup",
        ("CronJob", "backup-verify"): "verify",
        ("CronJob", "backup-drill"): "drill",
    }
    sidecars = {c["command"][3] for m, _, c in containers(rendered) if m["kind"] == "StatefulSet"}
    assert sidecars == {"keystore", "ledger"}


@pytest.mark.promise("S58")
def test_their_pods_meet_the_restricted_profile(rendered: list[Manifest]) -> None:
    for _, pod, container in containers(rendered):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"requests", "limits"} <= container["resources"].keys()


@pytest.mark.promise("S55")
def test_only_the_drill_can_open_a_backup(rendered: list[Manifest]) -> None:
    holders = set()
    for manifest, pod, container in containers(rendered):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for mount in container["volumeMounts"]:
            secret = volumes.get(mount["name"], {}).get("secret", {})
            if secret.get("secretName") == "smelt-backup-identity":
                holders.add(manifest["metadata"]["name"])
    assert holders == {"backup-drill"}


def test_the_vaults_sidecars_see_neither_wrapping_key_nor_root_key(rendered: list[Manifest]) -> None:
    for manifest, _, container in containers(rendered):
        if manifest["kind"] == "StatefulSet":
            mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
            assert "root-key" not in mounts
            assert mounts.get("state", {"subPath": "ledger"})["subPath"] == "ledger"
            assert all(mount.get("readOnly") for name, mount in mounts.items() if name != "tmp")


def test_each_is_told_what_its_command_reads(rendered: list[Manifest]) -> None:
    (config,) = (
        m for m in rendered if m["kind"] == "ConfigMap" and m["metadata"]["name"].startswith("backup-")
    )
    known = {
        name
        for command in ("wal", "backup", "keystore", "ledger", "restore")
        for name in variables(settings_of(command))
    }
    assert config["data"].keys() <= known
    for _, _, container in containers(rendered):
        command = container["command"][3]
        wanted = variables(settings_of("restore" if command == "drill" else command))
        told = {**config["data"], **{entry["name"]: entry["value"] for entry in container.get("env", [])}}
        assert {name for name, required in wanted.items() if required} <= told.keys()
        # What it reads as files is mounted for it.
        mounts = tuple(mount["mountPath"] for mount in container["volumeMounts"])
        for name in wanted:
            if name.endswith(("_FILE", "_SPOOL_DIR")) and (wanted[name] or "_S3_" in name):
                assert told[name].startswith(mounts), name


def test_each_pod_reaches_the_archive_and_is_heard_by_prometheus_alone(rendered: list[Manifest]) -> None:
    policies = [m for m in rendered if m["kind"] == "NetworkPolicy"]
    for manifest, _, _ in containers(rendered):
        name = manifest["metadata"]["name"]
        mine = [p for p in policies if p["spec"]["podSelector"].get("matchLabels", {}).get(NAME) == name]
        reached = {
            peer["podSelector"]["matchLabels"]["smelt-store"]
            for policy in mine
            for rule in policy["spec"].get("egress", [])
            for peer in rule["to"]
            if "namespaceSelector" in peer
        }
        assert "backup" in reached
        if name != "vault":
            heard = {
                peer["podSelector"]["matchLabels"][NAME]
                for policy in mine
                for rule in policy["spec"].get("ingress", [])
                for peer in rule["from"]
            }
            assert heard <= {"prometheus"}


def test_nobody_can_back_up_for_the_keys_of_nobody(rendered: list[Manifest]) -> None:
    (config,) = (
        m for m in rendered if m["kind"] == "ConfigMap" and m["metadata"]["name"].startswith("backup-")
    )
    assert "age1" not in config["data"]["SMELT_BACKUP_RECIPIENTS"]


def test_nothing_that_a_restore_needs_goes_before_the_window_has_passed(rendered: list[Manifest]) -> None:
    told: dict[str, str] = {}
    for manifest in rendered:
        if manifest["kind"] == "ConfigMap":
            told |= manifest["data"]
    window = float(told["SMELT_BACKUP_WINDOW_DAYS"])
    assert float(told["SMELT_VAULT_ROTATION_GRACE_SECONDS"]) >= (window + 1) * 86_400
    usual = settings_of("files").model_fields["discard_delay_days"].default
    assert float(told.get("SMELT_DISCARD_DELAY_DAYS", usual)) >= window


def test_alerts_use_metrics_that_exist_and_lead_to_a_chapter() -> None:
    rules = next(iter(yaml.safe_load_all((FOLDER / "components/backup-alerts/alerts.yaml").read_text())))
    code = Path(metrics.__file__).read_text()
    paper = (FOLDER.parents[1] / "docs" / "backups.md").read_text()
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", paper, re.MULTILINE)
    }
    for rule in rules["spec"]["groups"][0]["rules"]:
        for name in re.findall(r"smelt_\w+", rule["expr"]):
            assert f'"{name}"' in code
        for what in re.findall(r'what="(\w+)"', rule["expr"]):
            assert what in metrics.DONE.values()
        assert rule["annotations"]["runbook"].partition("#")[2] in anchors
