"""Envoy's admin interface: a socket of its own user, nowhere a port, and no private key in what it shows."""

import asyncio
import json
import os
import stat
import time
from base64 import b64encode
from pathlib import Path

import aiohttp
import pytest
import yaml
from yarl import URL

from deploy.local.ports import PortBlock
from deploy.local.probes import ask_socket
from tests.integration.gateway.conftest import ADMIN_SOCKET, Edge, another_edge, gateway_settings
from tests.support.patience import PATIENCE_SECONDS
from tests.support.sockets import listening

pytestmark = pytest.mark.xdist_group("gateway")
MANIFEST = Path(__file__).resolve().parents[3] / "deploy" / "k8s" / "base" / "gateway.yaml"
DUMPS = ("/config_dump", "/config_dump?include_eds", "/certs", "/server_info", "/clusters", "/init_dump", "/")


def asked(edge: Edge, target: str) -> tuple[int, bytes]:
    """Ask the admin interface until it answers: the probe itself waits for seconds only."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (answer := ask_socket(edge.admin_socket, target)) is None:
        assert time.monotonic() < deadline
    return answer


def test_the_admin_interface_is_a_socket_that_only_its_user_opens(edge: Edge) -> None:
    found = edge.admin_socket.stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, os.geteuid())
    assert asked(edge, "/ready") == (200, b"LIVE\n")


def test_envoy_listens_on_its_one_port_and_no_other(edge: Edge) -> None:
    ports = {(door.address, door.port) for door in listening(edge.pid) if door.family == "tcp"}
    assert ports == {("127.0.0.1", edge.port)}


async def test_without_the_setting_there_is_no_admin_interface(edge: Edge, tmp_path: Path) -> None:
    with PortBlock.reserve() as ports:
        settings = gateway_settings(edge.certificates, ports.take(), edge.backend.ports)
    async with another_edge(edge, settings, tmp_path) as bare:
        assert "admin" not in yaml.safe_load((tmp_path / "envoy.yaml").read_text())
        doors = [door for door in listening(bare.pid) if not door.address.startswith("@envoy_domain_socket")]
        assert [(door.family, door.port) for door in doors] == [("tcp", bare.port)]
        assert not (tmp_path / ADMIN_SOCKET).exists()


async def test_prometheus_reads_the_figures_and_nothing_else_of_the_admin_interface(
    edge: Edge, tmp_path: Path
) -> None:
    with PortBlock.reserve() as ports:
        settings = gateway_settings(
            edge.certificates, ports.take(), edge.backend.ports, admin_socket=tmp_path / ADMIN_SOCKET
        ).model_copy(update={"gateway_metrics_listen": f"127.0.0.1:{(shown := ports.take())}"})
    async with another_edge(edge, settings, tmp_path), aiohttp.ClientSession() as prometheus:
        at = f"http://127.0.0.1:{shown}"
        async with prometheus.get(f"{at}/metrics") as answer:
            assert answer.status == 200
            assert 'envoy_cluster_upstream_rq_total{envoy_cluster_name="auth"}' in await answer.text()
        for method, target in (
            ("POST", "/metrics"),
            ("POST", "/quitquitquit"),
            *(
                ("GET", each)
                for each in (*DUMPS, "/stats", "/metrics?help", "/metrics/", "//metrics", "/ready")
            ),
        ):
            async with prometheus.request(method, URL(at + target, encoded=True)) as answer:
                assert answer.status in (400, 404), (method, target)
                assert b"envoy" not in await answer.read()


@pytest.mark.promise("S01")
@pytest.mark.parametrize("target", DUMPS)
def test_no_dump_shows_a_private_key(edge: Edge, target: str) -> None:
    answer = asked(edge, target)
    assert answer[0] == 200
    keys = [path.read_bytes() for path in edge.certificates.directory.glob("*.key")]
    assert len(keys) >= 6
    for key in keys:
        # A few lines from the middle of the key, as they are and as they would be inside a field of bytes.
        middle = key.split(b"\n")[1]
        assert middle not in answer[1]
        assert b64encode(key)[60:120] not in answer[1]
    assert b"PRIVATE KEY" not in answer[1]


def test_the_dump_names_keys_by_their_files_or_not_at_all(edge: Edge) -> None:
    answer = asked(edge, "/config_dump")
    shown = [found["private_key"] for found in certificates_in(json.loads(answer[1]))]
    assert {name for key in shown for name in key} <= {"filename", "inline_bytes"}
    redacted = b64encode(b"[redacted]").decode()
    assert all(key.get("inline_bytes", redacted) == redacted for key in shown)


def certificates_in(document: object) -> list[dict[str, dict[str, str]]]:
    """Every object in a dump that has a private key."""
    if isinstance(document, list):
        return [found for entry in document for found in certificates_in(entry)]
    if not isinstance(document, dict):
        return []
    own = [document] if "private_key" in document else []
    return own + [found for value in document.values() for found in certificates_in(value)]


async def test_what_kubernetes_runs_before_a_stop_drains_envoy(edge: Edge, tmp_path: Path) -> None:
    (deployment,) = (
        document for document in yaml.safe_load_all(MANIFEST.read_text()) if document["kind"] == "Deployment"
    )
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    *command, script = container["lifecycle"]["preStop"]["exec"]["command"]
    socket = tmp_path / ADMIN_SOCKET
    with PortBlock.reserve() as ports:
        settings = gateway_settings(edge.certificates, ports.take(), edge.backend.ports, admin_socket=socket)
    async with another_edge(edge, settings, tmp_path) as draining:
        script = script.replace("/tmp/admin.sock", str(socket)).replace("sleep 25", "sleep 0")
        ran = await asyncio.create_subprocess_exec(*command, script)
        assert await ran.wait() == 0
        assert ask_socket(socket, "/ready") == (503, b"DRAINING\n")
        assert draining.pid
