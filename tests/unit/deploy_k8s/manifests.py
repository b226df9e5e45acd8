"""The manifests, read once, and their pods as plain values."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "k8s"
BASE = FOLDER / "base"
NAME = "app.kubernetes.io/name"

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod template: whose it is, and what it says."""

    name: str
    kind: str
    spec: Manifest
    labels: dict[str, str]

    @property
    def containers(self) -> list[Manifest]:
        """All containers, those that run first included."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def own(self) -> list[Manifest]:
        """The containers of our own image."""
        return [container for container in self.containers if container["image"].startswith("smelt:")]

    @property
    def main(self) -> Manifest:
        """The container that stays."""
        (container,) = self.spec["containers"]
        found: Manifest = container
        return found


@cache
def files() -> tuple[Path, ...]:
    """Every file with manifests."""
    written = (*BASE.glob("*.yaml"), *(FOLDER / "operator").glob("*.yaml"))
    return tuple(sorted(path for path in written if path.name != "kustomization.yaml"))


@cache
def manifests() -> tuple[Manifest, ...]:
    """Every manifest of every file."""
    written = tuple(document for path in files() for document in yaml.safe_load_all(path.read_text()))
    return (*written, *_generated())


def _generated() -> Iterator[Manifest]:
    """The ConfigMaps of the base, without the hashes that their names get."""
    for entry in yaml.safe_load((BASE / "kustomization.yaml").read_text())["configMapGenerator"]:
        lines = [line for name in entry["envs"] for line in (BASE / name).read_text().splitlines()]
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": entry["name"], "namespace": entry["namespace"], **entry["options"]},
            "data": dict(line.split("=", 1) for line in lines if not line.startswith("#")),
        }


def of_kind(kind: str) -> list[Manifest]:
    """The manifests of one kind."""
    return [manifest for manifest in manifests() if manifest["kind"] == kind]


def named(kind: str, name: str) -> Manifest:
    """The manifest of this kind and name."""
    (found,) = (manifest for manifest in of_kind(kind) if manifest["metadata"]["name"] == name)
    return found


@cache
def pods() -> tuple[Pod, ...]:
    """Every pod that the manifests bring about."""
    return tuple(
        Pod(
            name=manifest["spec"]["template"]["metadata"]["labels"][NAME],
            kind=manifest["kind"],
            spec=manifest["spec"]["template"]["spec"],
            labels=manifest["spec"]["template"]["metadata"]["labels"],
        )
        for manifest in manifests()
        if "template" in manifest.get("spec", {})
    )


def environment(container: Manifest) -> dict[str, str]:
    """What a container is told: the ConfigMaps it takes whole, then its own entries."""
    told: dict[str, str] = {}
    for source in container.get("envFrom", []):
        told |= named("ConfigMap", source["configMapRef"]["name"])["data"]
    return told | {entry["name"]: entry["value"] for entry in container.get("env", [])}


def mounted_files(pod: Pod, container: Manifest) -> Iterator[tuple[str, str, str]]:
    """Yield path, Secret and key of every file that a container gets from a Secret."""
    volumes = {volume["name"]: volume for volume in pod.spec["volumes"]}
    for mount in container.get("volumeMounts", []):
        secret = volumes.get(mount["name"], {}).get("secret")
        if secret:
            for item in secret["items"]:
                # With a subPath, one file of the Secret is mounted and the mount path is its own.
                if "subPath" not in mount:
                    yield f"{mount['mountPath']}/{item['path']}", secret["secretName"], item["key"]
                elif mount["subPath"] == item["path"]:
                    yield mount["mountPath"], secret["secretName"], item["key"]


def writable_or_claimed(pod: Pod, container: Manifest) -> dict[str, str]:
    """Mount paths by volume name, for volumes that are not Secrets."""
    secrets = {volume["name"] for volume in pod.spec["volumes"] if "secret" in volume}
    return {
        mount["name"]: mount["mountPath"]
        for mount in container.get("volumeMounts", [])
        if mount["name"] not in secrets
    }
