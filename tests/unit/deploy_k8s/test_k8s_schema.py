"""The manifests are what Kubernetes takes, and the base holds all of them."""

from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.unit.deploy_k8s.manifests import BASE, FOLDER, Manifest, files, manifests, of_kind, pods

OLDEST, NEWEST = "1.29", "1.37"


def _title(manifest: Manifest) -> str:
    return f"{manifest['kind']}-{manifest['metadata']['name']}"


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("manifest", manifests(), ids=_title)
def test_every_manifest_is_valid_to_the_letter(manifest: Manifest, version: str) -> None:
    # A schema that is not found raises here, while the command only warns.
    assert kubernetes_validate.validate(manifest, version, strict=True) == version


def test_a_field_that_does_not_exist_is_refused() -> None:
    service = {**of_kind("Service")[0], "spec": {"clusterIp": "None"}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, NEWEST, strict=True)


def test_the_base_names_every_file_beside_it() -> None:
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    assert set(kustomization["resources"]) == {path.name for path in files() if path.parent == BASE}
    told = [name for entry in kustomization["configMapGenerator"] for name in entry["envs"]]
    assert sorted(told) == sorted(path.name for path in BASE.glob("*.env"))


def test_every_manifest_lives_in_the_namespace() -> None:
    (namespace,) = of_kind("Namespace")
    others = {manifest["metadata"].get("namespace") for manifest in manifests() if manifest != namespace}
    assert others == {namespace["metadata"]["name"]}


def test_names_are_used_once_for_each_kind() -> None:
    titles = [_title(manifest) for manifest in manifests()]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_file_says_what_it_is_for(path: Path) -> None:
    assert path.read_text().startswith("# ")


def test_every_pod_belongs_to_its_controller() -> None:
    for manifest in manifests():
        if manifest["kind"] in ("Deployment", "StatefulSet"):
            selector = manifest["spec"]["selector"]["matchLabels"]
            assert selector.items() <= manifest["spec"]["template"]["metadata"]["labels"].items()


def test_every_service_and_budget_selects_one_kind_of_pod() -> None:
    for manifest in [*of_kind("Service"), *of_kind("PodDisruptionBudget")]:
        selector = manifest["spec"]["selector"]
        wanted = selector.get("matchLabels", selector).items()
        assert len([pod for pod in pods() if wanted <= pod.labels.items()]) == 1, _title(manifest)


def test_everything_that_stays_survives_the_drain_of_a_node() -> None:
    budgets = {manifest["metadata"]["name"] for manifest in of_kind("PodDisruptionBudget")}
    assert budgets == {pod.name for pod in pods() if pod.kind != "Job"}
