"""What the containers run and are told is what the code has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.common.settings import PeerSettings
from tests.support.processes import settings_of, variables
from tests.unit.deploy_k8s.manifests import FOLDER, Manifest, Pod, environment, named, of_kind, pods

ROOT = FOLDER.parents[1]
LONG_RUNNING = [pod for pod in pods() if pod.kind != "Job"]
OURS = [(pod, container) for pod in pods() for container in pod.own]
EACH = pytest.mark.parametrize(("pod", "container"), OURS, ids=[f"{p.name}-{c['name']}" for p, c in OURS])
SERVED = ("auth", "vault", "files", "processor")


@EACH
def test_a_container_is_told_nothing_that_is_not_a_setting(pod: Pod, container: Manifest) -> None:
    unknown = environment(container).keys() - variables(_settings(pod)).keys()
    assert not unknown


@EACH
def test_a_container_is_told_everything_that_is_required(pod: Pod, container: Manifest) -> None:
    required = {name for name, needed in variables(_settings(pod)).items() if needed}
    assert required <= environment(container).keys()


@EACH
def test_the_command_exists(pod: Pod, container: Manifest) -> None:
    # With nothing set, a command that exists ends by naming settings; one that does not names commands.
    python, *arguments = container["command"]
    assert python == "python"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SMELT_")}
    run = [sys.executable, *arguments]
    done = subprocess.run(run, cwd=ROOT, env=bare, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    named_there = {line.partition(":")[0] for line in done.stderr.splitlines()}
    assert {name for name, needed in variables(_settings(pod)).items() if needed} <= named_there, done.stderr


@pytest.mark.parametrize("service", SERVED)
def test_a_service_listens_where_the_others_look_for_it(service: str) -> None:
    (pod,) = (pod for pod in pods() if pod.name == service)
    told, (port,) = environment(pod.main), named("Service", service)["spec"]["ports"]
    ports = {entry["name"]: entry["containerPort"] for entry in pod.main["ports"]}
    assert told["SMELT_LISTEN"] == f"0.0.0.0:{ports['grpc']}"
    assert port["targetPort"] == "grpc"
    # Without an address of its own, a Service is its pods, and its port is theirs.
    assert named("Service", service)["spec"]["clusterIP"] == "None"
    assert port["port"] == ports["grpc"]
    addresses = {environment(c).get(f"SMELT_{service.upper()}_ADDRESS") for _, c in OURS} - {None}
    assert addresses == {f"{service}:{port['port']}"}


@pytest.mark.parametrize("pod", LONG_RUNNING, ids=lambda pod: pod.name)
def test_probes_ask_where_health_is_told(pod: Pod) -> None:
    ports = {entry["name"]: entry["containerPort"] for entry in pod.main["ports"]}
    live, ready = pod.main["livenessProbe"]["httpGet"], pod.main["readinessProbe"]["httpGet"]
    if pod.name == "gateway":
        assert live == ready == {"path": "/healthz", "port": "https", "scheme": "HTTPS"}
        assert environment(pod.own[0])["SMELT_GATEWAY_LISTEN"] == f"0.0.0.0:{ports['https']}"
        return
    assert (live, ready) == ({"path": "/live", "port": "health"}, {"path": "/ready", "port": "health"})
    assert environment(pod.main)["SMELT_HEALTH_LISTEN"] == f"0.0.0.0:{ports['health']}"


def test_envoy_reads_what_was_rendered_and_drains_by_its_admin_port() -> None:
    (gateway,) = (pod for pod in pods() if pod.name == "gateway")
    out = Path(gateway.own[0]["command"][-1])
    command = gateway.main["command"]
    assert command[command.index("-c") + 1] == str(out / "envoy.yaml")
    drain = gateway.main["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert f"/dev/tcp/127.0.0.1/{environment(gateway.own[0])['SMELT_GATEWAY_ADMIN_PORT']}" in drain


def test_who_stops_is_given_the_time_it_takes() -> None:
    for pod in LONG_RUNNING:
        if pod.name != "gateway":
            drain = _settings(pod).model_fields["drain_seconds"].default
            assert pod.spec["terminationGracePeriodSeconds"] > 2 * drain


def test_all_who_ask_about_private_providers_are_told_the_same() -> None:
    told = [config["data"].get("SMELT_PRIVATE_PROVIDERS") for config in of_kind("ConfigMap")]
    assert len({value for value in told if value is not None}) == 1
    assert len([value for value in told if value is not None]) == 3


def _settings(pod: Pod) -> type[PeerSettings]:
    found = settings_of(pod.name)
    assert issubclass(found, PeerSettings)
    return found
