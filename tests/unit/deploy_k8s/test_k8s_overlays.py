"""Overlays render, are valid, and keep the rules that schemas miss and a real API server refuses."""

import re
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.unit.deploy_k8s.manifests import FOLDER, NAME, Manifest
from tests.unit.deploy_k8s.rendered import OVERLAYS, kinds, pods_of, rendered
from tests.unit.deploy_k8s.test_k8s_schema import NEWEST, OLDEST

EACH = pytest.mark.parametrize("overlay", OVERLAYS)
#: Kinds of other projects, whose schemas no wheel contains.
CUSTOM = {"PodMonitor", "PrometheusRule", "Certificate", "Issuer", "ExternalSecret"}
#: One megabyte, and the two hundred and fifty three signs of a name (RFC 1123).
MOST_BYTES, NAME_FORM = 1 << 20, re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
HASHED = re.compile(r"-[a-z0-9]{10}$")


@EACH
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_what_is_rendered_is_valid_for_the_oldest_and_the_newest_version(overlay: str, version: str) -> None:
    for manifest in rendered(overlay):
        if manifest["kind"] not in CUSTOM:
            assert kubernetes_validate.validate(manifest, version, strict=True) == version


@EACH
def test_a_budget_names_one_bound_alone(overlay: str) -> None:
    # A server refuses both at once, and a schema does not.
    for budget in kinds(overlay, "PodDisruptionBudget"):
        assert len({"minAvailable", "maxUnavailable"} & budget["spec"].keys()) == 1


@EACH
def test_a_selector_selects_what_it_makes(overlay: str) -> None:
    for manifest in kinds(overlay, "Deployment", "StatefulSet"):
        selected = manifest["spec"]["selector"]["matchLabels"].items()
        assert selected <= manifest["spec"]["template"]["metadata"]["labels"].items()


@EACH
def test_names_and_ports_are_what_a_server_takes(overlay: str) -> None:
    for manifest in rendered(overlay):
        assert NAME_FORM.fullmatch(manifest["metadata"]["name"])
        if manifest["kind"] == "ConfigMap":
            assert sum(map(len, manifest["data"].values())) < MOST_BYTES
    for _, template in pods_of(overlay):
        for container in _containers(template):
            ports = container.get("ports", [])
            assert len({port["name"] for port in ports}) == len(ports)
            assert all(len(port["name"]) <= 15 for port in ports)


@EACH
def test_a_port_that_is_named_exists(overlay: str) -> None:
    ports = {
        name: {port["name"] for container in _containers(template) for port in container.get("ports", [])}
        for name, template in pods_of(overlay)
    }
    for service in kinds(overlay, "Service"):
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in ports[service["spec"]["selector"][NAME]]
    for name, template in pods_of(overlay):
        for container in _containers(template):
            for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
                if probe := container.get(kind):
                    assert probe["httpGet"]["port"] in ports[name]
    for monitor in kinds(overlay, "PodMonitor"):
        for name in _selected(monitor["spec"]["selector"]):
            assert {each["port"] for each in monitor["spec"]["podMetricsEndpoints"]} <= ports[name]


@EACH
def test_every_volume_that_is_mounted_exists_and_every_path_is_mounted_once(overlay: str) -> None:
    for manifest in kinds(overlay, "Deployment", "StatefulSet"):
        claims = {each["metadata"]["name"] for each in manifest["spec"].get("volumeClaimTemplates", [])}
        template = manifest["spec"]["template"]
        volumes = {volume["name"] for volume in template["spec"].get("volumes", [])} | claims
        for container in _containers(template):
            mounts = container.get("volumeMounts", [])
            assert {mount["name"] for mount in mounts} <= volumes
            assert len({mount["mountPath"] for mount in mounts}) == len(mounts)


@EACH
def test_no_container_asks_for_more_than_it_may_have(overlay: str) -> None:
    limits = kinds(overlay, "LimitRange")
    default = limits[0]["spec"]["limits"][0]["default"] if limits else {}
    for _, template in pods_of(overlay):
        for container in _containers(template):
            resources = container["resources"]
            for name, asked in resources["requests"].items():
                allowed = {**default, **resources.get("limits", {})}.get(name)
                assert allowed is None or _amount(asked) <= _amount(allowed)


@EACH
def test_a_change_of_a_setting_replaces_the_pods_that_read_it(overlay: str) -> None:
    names = {manifest["metadata"]["name"] for manifest in kinds(overlay, "ConfigMap")}
    read = {
        source["configMapRef"]["name"]
        for _, template in pods_of(overlay)
        for container in _containers(template)
        for source in container.get("envFrom", [])
    }
    assert read <= names
    assert all(HASHED.search(name) for name in read)


@EACH
def test_what_is_scaled_by_itself_has_no_number(overlay: str) -> None:
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]: each for each in kinds(overlay, "HorizontalPodAutoscaler")
    }
    for manifest in kinds(overlay, "Deployment"):
        assert ("replicas" in manifest["spec"]) == (manifest["metadata"]["name"] not in scaled)
    for autoscaler in scaled.values():
        spec = autoscaler["spec"]
        assert spec["scaleTargetRef"]["name"] in {name for name, _ in pods_of(overlay)}
        # With one, every restart would be an outage; utilisation is of requests, which all containers have.
        assert 2 <= spec["minReplicas"] < spec["maxReplicas"]


def test_prod_names_every_image_by_its_digest() -> None:
    for _, template in pods_of("prod"):
        for container in _containers(template):
            assert re.fullmatch(r"[a-z0-9./-]+@sha256:[0-9a-f]{64}", container["image"])


def test_prod_has_bounds_for_all_pods_together() -> None:
    (quota,), (limits,) = kinds("prod", "ResourceQuota"), kinds("prod", "LimitRange")
    hard = quota["spec"]["hard"]
    most = {each["spec"]["scaleTargetRef"]["name"]: each["spec"]["maxReplicas"] for each in _autoscalers()}
    asked = {"requests.cpu": 0.0, "requests.memory": 0.0, "limits.memory": 0.0, "pods": 0.0}
    for name, template in pods_of("prod"):
        count = most.get(name, 1) + 1
        asked["pods"] += count
        for container in template["spec"]["containers"]:
            resources = container["resources"]
            asked["requests.cpu"] += count * _amount(resources["requests"]["cpu"])
            asked["requests.memory"] += count * _amount(resources["requests"]["memory"])
            asked["limits.memory"] += count * _amount(resources["limits"]["memory"])
    # At its largest, and one more of each while it is replaced, everything fits.
    assert {name: wanted for name, wanted in asked.items() if wanted > _amount(hard[name])} == {}
    assert limits["spec"]["limits"][0]["default"].keys() == {"cpu"}


def test_prod_brings_no_store_and_waits_for_the_recovery_sheet() -> None:
    images = {c["image"].partition("@")[0] for _, template in pods_of("prod") for c in _containers(template)}
    assert images == {"registry.example.com/smelt", "envoyproxy/envoy"}
    (vault,) = (each for each in kinds("prod", "ConfigMap") if each["metadata"]["name"].startswith("vault-"))
    assert vault["data"]["SMELT_ENVIRONMENT"] == "production"


@pytest.mark.promise("S58")
def test_only_prometheus_reads_figures_and_of_envoy_by_its_own_port() -> None:
    opened = {}
    for policy in kinds("prod", "NetworkPolicy"):
        if policy["metadata"]["name"].startswith("metrics"):
            (rule,) = policy["spec"]["ingress"]
            (peer,) = rule["from"]
            # Both in one peer: either alone would let others in.
            assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "monitoring"}
            assert peer["podSelector"]["matchLabels"] == {NAME: "prometheus"}
            for name in _selected(policy["spec"]["podSelector"]):
                opened[name] = [port["port"] for port in rule["ports"]]
    assert opened == {name: [9001 if name == "gateway" else 9000] for name, _ in pods_of("prod")}
    (gateway,) = (e for e in kinds("prod", "ConfigMap") if e["metadata"]["name"].startswith("gateway-"))
    assert gateway["data"]["SMELT_GATEWAY_METRICS_LISTEN"] == "0.0.0.0:9001"


def test_every_certificate_is_one_that_the_services_take() -> None:
    made = {each["spec"]["secretName"]: each["spec"] for each in kinds("prod", "Certificate")}
    for secret in _secrets("prod"):
        if secret.endswith("-tls"):
            spec = made[secret]
            name = secret.removeprefix("smelt-").removesuffix("-tls")
            if name == "edge":
                continue
            # Two names would count as none.
            assert spec["uris"] == [f"spiffe://smelt/{name}"]
            assert spec["dnsNames"] == [name]
            assert "client auth" in spec["usages"]
            assert ("server auth" in spec["usages"]) == (name not in ("gateway", "operator"))


def test_every_other_secret_comes_from_the_store_of_secrets() -> None:
    made = {
        each["spec"]["target"]["name"]: {entry["secretKey"] for entry in each["spec"]["data"]}
        for each in kinds("prod", "ExternalSecret")
    }
    used = {secret: keys for secret, keys in _secrets("prod").items() if not secret.endswith("-tls")}
    assert made == used


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("[oc]*/*/*.yaml")), ids=lambda path: str(path.parent.name)
)
def test_every_file_of_overlays_and_components_says_what_it_is_for(path: Any) -> None:
    assert path.read_text().startswith("# ")
    assert all(yaml.safe_load_all(path.read_text()))


def _secrets(overlay: str) -> dict[str, set[str]]:
    """The Secrets that pods mount, with their keys."""
    found: dict[str, set[str]] = {}
    for _, template in pods_of(overlay):
        for volume in template["spec"].get("volumes", []):
            if secret := volume.get("secret"):
                keys = {item["key"] for item in secret["items"]}
                found.setdefault(secret["secretName"], set()).update(keys)
    return found


def _autoscalers() -> list[Manifest]:
    return kinds("prod", "HorizontalPodAutoscaler")


def _containers(template: Manifest) -> Iterator[Manifest]:
    yield from template["spec"].get("initContainers", [])
    yield from template["spec"]["containers"]


def _selected(selector: Manifest) -> list[str]:
    if "matchLabels" in selector:
        return [selector["matchLabels"][NAME]]
    (expression,) = selector["matchExpressions"]
    values: list[str] = expression["values"]
    return values


def _amount(text: str) -> float:
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"": 1, "m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}[unit]
