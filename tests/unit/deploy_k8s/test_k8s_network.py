"""Who may talk to whom in the cluster is what the services' own caller lists say, and nothing more."""

import importlib
import ipaddress
from collections.abc import Iterator

import pytest

from services.common import identity
from services.processor.provider.public_addresses import is_public
from tests.unit.deploy_k8s.manifests import NAME, Manifest, environment, named, of_kind, pods

SERVICES = ("auth", "vault", "files", "processor")
# Which pods show a certificate of this name.
PODS = {
    identity.GATEWAY: {"gateway"},
    identity.AUTH: {"auth"},
    identity.VAULT: {"vault"},
    identity.FILES: {"files"},
    identity.PROCESSOR: {"processor", "worker"},
    identity.OPERATOR: {"operator"},
}
# A service that is told of a store may reach it.
STORES = {
    "SMELT_DATABASE_URL_FILE": ("postgres", 5432),
    "SMELT_VAULT_KEYSTORE_URL_FILE": ("keystore", 5432),
    "SMELT_REDIS_URL_FILE": ("valkey", 6379),
    "SMELT_S3_ENDPOINT": ("s3", 443),
}
GRPC = 7000
Arrow = tuple[str, str]


def callers_of(service: str) -> set[str]:
    """The pods that a service's caller lists name; the gateway may ask for health in any case."""
    policy: identity.Policy = importlib.import_module(f"services.{service}.policy").POLICY
    callers = {caller for allow in policy.values() for caller in allow.callers} | {identity.GATEWAY}
    return set().union(*(PODS[caller] for caller in callers))


def pod_policies() -> list[Manifest]:
    """The policies that speak for one kind of pod."""
    return [policy for policy in of_kind("NetworkPolicy") if "matchLabels" in policy["spec"]["podSelector"]]


def _owner(policy: Manifest) -> str:
    name: str = policy["spec"]["podSelector"]["matchLabels"][NAME]
    return name


def _peers(policy: Manifest, direction: str) -> Iterator[tuple[Manifest, int]]:
    side = {"egress": "to", "ingress": "from"}[direction]
    for rule in policy["spec"].get(direction, []):
        ports = [port["port"] for port in rule["ports"]]
        assert [port["protocol"] for port in rule["ports"]] == ["TCP"]
        for peer in rule.get(side, [{}]):
            yield peer, ports[0]


def _arrows(direction: str) -> set[tuple[str, str, int]]:
    found = set()
    for policy in pod_policies():
        for peer, port in _peers(policy, direction):
            if peer.keys() == {"podSelector"}:
                other, owner = peer["podSelector"]["matchLabels"][NAME], _owner(policy)
                found.add((owner, other, port) if direction == "egress" else (other, owner, port))
    return found


@pytest.mark.promise("S58")
def test_nothing_may_be_said_or_heard_by_default() -> None:
    policy = named("NetworkPolicy", "default-deny")["spec"]
    assert policy == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_names_may_be_asked_of_the_cluster_alone() -> None:
    policy = named("NetworkPolicy", "dns")["spec"]
    assert policy["policyTypes"] == ["Egress"]
    (rule,) = policy["egress"]
    cluster, node = rule["to"]
    assert cluster["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "kube-system"}
    assert cluster["podSelector"]["matchLabels"] == {"k8s-app": "kube-dns"}
    # The address at which NodeLocal DNSCache listens on each node.
    assert node == {"ipBlock": {"cidr": "169.254.20.10/32"}}
    assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {("UDP", 53), ("TCP", 53)}


@pytest.mark.promise("S58")
def test_everybody_but_the_vault_may_ask_for_names() -> None:
    (expression,) = named("NetworkPolicy", "dns")["spec"]["podSelector"]["matchExpressions"]
    assert (expression["key"], expression["operator"]) == (NAME, "In")
    assert set(expression["values"]) == {pod.name for pod in pods()} - {"vault"}


def test_a_store_is_known_by_namespace_and_label() -> None:
    # With a label alone, a pod of any namespace could be taken for a store.
    for policy in pod_policies():
        for peer, _ in _peers(policy, "egress"):
            if "namespaceSelector" in peer:
                names = {"kubernetes.io/metadata.name": "smelt-stores"}
                assert peer["namespaceSelector"] == {"matchLabels": names}
                assert peer["podSelector"]["matchLabels"].keys() == {"smelt-store"}


def test_every_pod_has_a_policy_of_its_own_for_both_directions() -> None:
    policies = pod_policies()
    assert sorted(map(_owner, policies)) == sorted(pod.name for pod in pods())
    assert all(policy["spec"]["policyTypes"] == ["Ingress", "Egress"] for policy in policies)


@pytest.mark.promise("S58")
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_hears_exactly_those_on_its_caller_lists(service: str) -> None:
    heard = {(caller, port) for caller, called, port in _arrows("ingress") if called == service}
    assert heard == {(caller, GRPC) for caller in callers_of(service)}


def test_what_one_side_may_say_the_other_may_hear() -> None:
    assert _arrows("egress") == _arrows("ingress")


def test_a_pod_reaches_exactly_the_services_whose_address_it_has() -> None:
    told = {
        (pod.name, name.removeprefix("SMELT_").removesuffix("_ADDRESS").lower(), GRPC)
        for pod in pods()
        for container in pod.own
        for name in environment(container)
        if name.endswith("_ADDRESS")
    }
    assert told == _arrows("egress")


def test_a_pod_reaches_exactly_the_stores_that_it_is_told_of() -> None:
    reached = {
        (_owner(policy), peer["podSelector"]["matchLabels"]["smelt-store"], port)
        for policy in pod_policies()
        for peer, port in _peers(policy, "egress")
        if "namespaceSelector" in peer
    }
    told = {
        (pod.name, *store)
        for pod in pods()
        for container in pod.own
        for name, store in STORES.items()
        if name in environment(container)
    }
    assert reached == told


def test_only_the_gateway_hears_the_world() -> None:
    open_to_all = {
        (_owner(policy), port)
        for policy in pod_policies()
        for peer, port in _peers(policy, "ingress")
        if peer.keys() != {"podSelector"}
    }
    assert open_to_all == {("gateway", 8443)}
    assert [service["metadata"]["name"] for service in of_kind("Service") if "type" in service["spec"]] == [
        "gateway"
    ]


def _outside() -> dict[str, list[tuple[Manifest, int]]]:
    blocks: dict[str, list[tuple[Manifest, int]]] = {}
    for policy in pod_policies():
        for peer, port in _peers(policy, "egress"):
            if "ipBlock" in peer:
                blocks.setdefault(_owner(policy), []).append((peer["ipBlock"], port))
    return blocks


@pytest.mark.promise("S58")
def test_only_the_processor_and_its_workers_reach_the_internet_and_only_by_https() -> None:
    assert _outside().keys() == {"processor", "worker"}
    assert {port for blocks in _outside().values() for _, port in blocks} == {443}


def _allowed(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    for block, _ in (rule for blocks in _outside().values() for rule in blocks):
        inside = ip in ipaddress.ip_network(block["cidr"])
        if inside and not any(ip in ipaddress.ip_network(network) for network in block["except"]):
            return True
    return False


def test_they_reach_no_address_that_is_not_public() -> None:
    everywhere = (f"{high}.{low}.0.1" for high in range(256) for low in range(0, 256, 4))
    corners = ["10.0.0.1", "100.64.0.1", "169.254.169.254", "172.31.255.255", "192.0.0.8", "192.168.1.1"]
    corners += ["168.63.129.16", "192.88.99.1", "fec0::1", "64:ff9b:1::1"]
    corners += ["198.18.0.1", "198.19.255.255", "224.0.0.1", "255.255.255.255", "127.0.0.1", "0.0.0.0"]
    corners += ["::1", "fe80::1", "fd00::1", "ff02::1", "64:ff9b::a00:1", "2001:db8::1", "2002:a00:1::1"]
    corners += ["::ffff:10.0.0.1", "2001::1"]
    assert [
        address for address in (*everywhere, *corners) if _allowed(address) and not is_public(address)
    ] == []
    assert not any(map(_allowed, corners))


def test_workers_reach_providers() -> None:
    assert all(map(_allowed, ("104.18.6.192", "1.1.1.1", "172.64.0.1", "2606:4700::1", "2a00:1450:4001::1")))


def test_operators_reach_a_vault_that_is_not_ready_and_nobody_else_is_sent_to_one() -> None:
    unready = [
        service["metadata"]["name"]
        for service in of_kind("Service")
        if service["spec"].get("publishNotReadyAddresses")
    ]
    assert unready == ["vault-operator"]
    spec, usual = named("Service", "vault-operator")["spec"], named("Service", "vault")["spec"]
    assert (spec["selector"], spec["ports"]) == (usual["selector"], usual["ports"])
    told = {
        pod.name: environment(container)["SMELT_VAULT_ADDRESS"]
        for pod in pods()
        for container in pod.own
        if "SMELT_VAULT_ADDRESS" in environment(container)
    }
    assert {name for name, address in told.items() if address == "vault-operator:7000"} == {"operator"}
    assert {address for name, address in told.items() if name != "operator"} == {"vault:7000"}
