"""What the containers run and are told is what the code has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.routes import LONG_SECONDS, UNARY_SECONDS
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS
from tests.support.processes import settings_of, variables
from tests.unit.deploy_k8s.manifests import (
    FOLDER,
    Manifest,
    Pod,
    environment,
    mounted_files,
    named,
    of_kind,
    pods,
    writable_or_claimed,
)

ROOT = FOLDER.parents[1]
LONG_RUNNING = [pod for pod in pods() if pod.kind != "Job"]
OURS = [(pod, container) for pod in pods() for container in pod.own]
EACH = pytest.mark.parametrize(("pod", "container"), OURS, ids=[f"{p.name}-{c['name']}" for p, c in OURS])
#: What a process may take beside its drain to close pools and channels.
CLEANING_SECONDS = 15
#: With a twentieth of a processor, the imports alone took more than one minute.
CROWDED_SECONDS = 300
SERVED = ("auth", "vault", "files", "processor")


@EACH
def test_a_container_is_told_nothing_that_is_not_a_setting(pod: Pod, container: Manifest) -> None:
    # What a command takes that runs before is told to it alone.
    own = variables(settings_of(pod.name, container["name"]))
    unknown = environment(container).keys() - variables(settings_of(pod.name)).keys() - own.keys()
    assert not unknown


@EACH
def test_a_container_is_told_everything_that_is_required(pod: Pod, container: Manifest) -> None:
    assert _required(pod, container) <= environment(container).keys()


@pytest.mark.parametrize("name", ["processor", "worker"])
def test_a_provider_is_called_as_the_manifests_say(name: str) -> None:
    """Every setting of provider calls stands in the manifests, with its default, to be changed there."""
    (pod,) = (pod for pod in pods() if pod.name == name)
    told, fields = environment(pod.main), settings_of(name).model_fields
    for field in fields:
        if field.startswith(("provider_", "private_", "outage_", "rate_", "key_test_", "max_answer_")):
            assert told[f"SMELT_{field.upper()}"] in _spelled(fields[field].default)


@EACH
def test_a_container_gets_the_files_that_its_command_reads_and_no_other(
    pod: Pod, container: Manifest
) -> None:
    read = variables(settings_of(pod.name, container["name"]))
    told = {path for name, path in environment(container).items() if name in read and name.endswith("_FILE")}
    secrets = {path for path, _, _ in mounted_files(pod, container)}
    claimed = [f"{path}/" for path in writable_or_claimed(pod, container).values()]
    on_volumes = {path for path in told if any(path.startswith(folder) for folder in claimed)}
    assert secrets == (told | _paths(container)) - on_volumes


@pytest.mark.parametrize(("pod", "container"), first(4, OURS), ids=[f"{p.name}-{c['name']}" for p, c in OURS])
def test_the_command_exists(pod: Pod, container: Manifest) -> None:
    # With nothing set, a command that exists ends by naming settings; one that does not names commands.
    python, *arguments = container["command"]
    assert python == "python"
    arguments = [os.devnull if argument in _paths(container) else argument for argument in arguments]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SMELT_")}
    run = [sys.executable, *arguments]
    done = subprocess.run(run, cwd=ROOT, env=bare, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 2
    assert {line.partition(":")[0] for line in done.stderr.splitlines()} == _required(pod, container)


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
    # Operators find a vault that is not ready, too; `test_k8s_network.py` says who does.
    assert addresses - {"vault-operator:7000"} == {f"{service}:{port['port']}"}


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


def test_envoy_reads_what_was_rendered_and_drains_by_its_admin_socket() -> None:
    (gateway,) = (pod for pod in pods() if pod.name == "gateway")
    out = Path(gateway.own[0]["command"][-1])
    command = gateway.main["command"]
    assert command[command.index("-c") + 1] == str(out / "envoy.yaml")
    drain = gateway.main["lifecycle"]["preStop"]["exec"]["command"][-1]
    socket = environment(gateway.own[0])["SMELT_GATEWAY_ADMIN_SOCKET"]
    assert f'IO::Socket::UNIX->new("{socket}")' in drain
    # Every directory that Envoy may write is its pod's alone.
    assert {"name": "tmp", "mountPath": str(Path(socket).parent)} in gateway.main["volumeMounts"]


def test_who_stops_is_given_the_time_it_takes() -> None:
    for pod in LONG_RUNNING:
        if pod.name != "gateway":
            told, fields = environment(pod.main), settings_of(pod.name).model_fields
            lame, drain = (
                float(told.get(f"SMELT_{name.upper()}", fields[name].default))
                for name in ("lame_duck_seconds", "drain_seconds")
            )
            assert pod.spec["terminationGracePeriodSeconds"] >= lame + drain + CLEANING_SECONDS


@pytest.mark.promise("S64")
def test_who_has_a_second_replica_leaves_slowly_enough_for_the_gateway() -> None:
    for kind in ("Deployment", "StatefulSet"):
        for manifest in of_kind(kind):
            name = manifest["metadata"]["name"]
            if name in SERVED:
                lame = float(named("ConfigMap", name)["data"]["SMELT_LAME_DUCK_SECONDS"])
                assert lame >= 6 if manifest["spec"]["replicas"] > 1 else lame == 0


@pytest.mark.parametrize("name", ["files", "processor", "gateway"])
def test_transfers_are_given_their_time(name: str) -> None:
    (pod,) = (pod for pod in pods() if pod.name == name)
    assert pod.spec["terminationGracePeriodSeconds"] > LONG_SECONDS
    if name != "gateway":
        assert float(environment(pod.main)["SMELT_DRAIN_SECONDS"]) >= LONG_SECONDS


@pytest.mark.parametrize("name", ["auth", "vault"])
def test_what_a_service_has_begun_to_answer_it_answers(name: str) -> None:
    (pod,) = (pod for pod in pods() if pod.name == name)
    assert float(environment(pod.main)["SMELT_DRAIN_SECONDS"]) > UNARY_SECONDS


def test_a_worker_finishes_the_calls_that_are_paid_for() -> None:
    (worker,) = (pod for pod in pods() if pod.name == "worker")
    told = environment(worker.main)
    assert float(told["SMELT_DRAIN_SECONDS"]) >= float(told["SMELT_PROVIDER_TOTAL_SECONDS"])


@pytest.mark.parametrize("pod", LONG_RUNNING, ids=lambda pod: pod.name)
def test_a_start_on_a_crowded_node_is_waited_for(pod: Pod) -> None:
    # Envoy itself starts at once.
    if pod.name != "gateway":
        probe = pod.main["startupProbe"]
        assert probe["periodSeconds"] * probe["failureThreshold"] >= CROWDED_SECONDS


def test_all_who_ask_about_private_providers_are_told_the_same() -> None:
    told = [config["data"].get("SMELT_PRIVATE_PROVIDERS") for config in of_kind("ConfigMap")]
    assert len({value for value in told if value is not None}) == 1
    assert len([value for value in told if value is not None]) == 3


def _required(pod: Pod, container: Manifest) -> set[str]:
    settings = settings_of(pod.name, container["name"])
    return {name for name, required in variables(settings).items() if required}


def _paths(container: Manifest) -> set[str]:
    """The secrets' files that a command is given as arguments."""
    return {argument for argument in container["command"] if argument.startswith("/etc/smelt/")}


def _spelled(default: object) -> set[str]:
    return {str(default), str(default).removesuffix(".0")}
