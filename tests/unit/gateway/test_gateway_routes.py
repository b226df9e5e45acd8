"""The rendered configuration, checked against the contracts it comes from."""

import datetime
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from gateway.bindings import Binding, PathTemplate, bindings, load
from gateway.errors import SECURITY_HEADERS
from gateway.filters import AUTHORISATION, TRANSCODER
from gateway.parts import Config
from gateway.render import render
from gateway.routes import JSON_UTF8
from gateway.settings import SERVICES, GatewaySettings, Socket

EDGE = bindings(load())


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Config:
    directory = tmp_path_factory.mktemp("edge")
    for name in ("edge.pem", "edge.key", "gateway.pem", "gateway.key", "ca.pem"):
        (directory / name).touch()
    addresses: dict[str, Any] = {f"{service}_address": f"{service}:8000" for service in SERVICES}
    settings = GatewaySettings(
        gateway_cert_file=directory / "edge.pem",
        gateway_key_file=directory / "edge.key",
        tls_cert_file=directory / "gateway.pem",
        tls_key_file=directory / "gateway.key",
        tls_ca_file=directory / "ca.pem",
        gateway_admin_socket=directory / "admin.sock",
        **addresses,
    )
    render(settings, directory, datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC))
    document: Config = yaml.safe_load((directory / "envoy.yaml").read_text())
    document["directory"] = str(directory)
    return document


def connection(rendered: Config) -> Config:
    chain = rendered["static_resources"]["listeners"][0]["filter_chains"][0]
    manager: Config = chain["filters"][0]["typed_config"]
    return manager


def routes(rendered: Config) -> list[Config]:
    found: list[Config] = connection(rendered)["route_config"]["virtual_hosts"][0]["routes"]
    return found


def forwarded(rendered: Config) -> list[Config]:
    return [route for route in routes(rendered) if "route" in route]


def takes(route: Config, method: str, path: str) -> bool:
    match = route["match"]
    if "path" in match and match["path"] != path:
        return False
    if "safe_regex" in match and not re.fullmatch(match["safe_regex"]["regex"], path):
        return False
    (methods,) = [method_pattern(h) for h in match["headers"] if h["name"] == ":method"]
    return re.fullmatch(methods, method) is not None


def method_pattern(matcher: Config) -> str:
    return str(matcher["string_match"]["safe_regex"]["regex"])


@pytest.mark.parametrize("binding", EDGE, ids=lambda binding: f"{binding.method} {binding.path.text}")
def test_every_binding_has_exactly_one_route_to_its_service(rendered: Config, binding: Binding) -> None:
    path = binding.path.expanded.replace("*", "abc123")
    matching = [route for route in forwarded(rendered) if takes(route, binding.method, path)]
    assert [route["route"]["cluster"] for route in matching] == [binding.cluster]
    if binding.method == "GET":
        assert [route for route in forwarded(rendered) if takes(route, "HEAD", path)] == matching


def test_nothing_is_forwarded_that_no_contract_binds(rendered: Config) -> None:
    assert len(forwarded(rendered)) == len(EDGE)


@pytest.mark.promise("S52")
def test_only_ways_in_are_open(rendered: Config) -> None:
    opened = {
        (method_pattern(route["match"]["headers"][0]), route["match"]["path"])
        for route in forwarded(rendered)
        if route.get("typed_per_filter_config", {}).get(AUTHORISATION, {}).get("disabled")
    }
    assert opened == {
        ("POST", "/v1/users"),
        ("POST", "/v1/users:verifyEmail"),
        ("POST", "/v1/sessions"),
        ("POST", "/v1/passwordResets"),
        ("POST", "/v1/passwordResets:confirm"),
        ("POST", "/v1/signInLinks"),
        ("POST", "/v1/signInLinks:confirm"),
    }


@pytest.mark.promise("S52")
def test_what_the_edge_answers_itself_is_refusals_and_documents(rendered: Config) -> None:
    own = [route for route in routes(rendered) if "direct_response" in route]
    good = {route["match"]["path"] for route in own if route["direct_response"]["status"] == 200}
    pages = {"/reset-password", "/sign-in", "/verify-email"}
    documents = {"/healthz", "/openapi.json", "/v1/installation", "/.well-known/security.txt"}
    assert good == documents | pages
    assert {route["direct_response"]["status"] for route in own} == {200, 400, 404, 405, 413, 415}


@pytest.mark.promise("S50")
def test_services_without_bindings_are_unknown_to_the_edge(rendered: Config) -> None:
    names = {f".{file.package}.{service.name}"[1:] for file in load().file for service in file.service}
    inner = {name for name in names if name.startswith("smelt.")} - {binding.service for binding in EDGE}
    assert "smelt.vault.v1.KeyReleaseService" in inner
    text = yaml.safe_dump(rendered)
    assert not [name for name in inner if name in text]


def test_every_path_names_its_methods(rendered: Config) -> None:
    named = {
        str(route["match"].get("path") or route["match"]["safe_regex"]["regex"]): route[
            "response_headers_to_add"
        ][0]
        for route in routes(rendered)
        if route.get("direct_response", {}).get("status") == 405
    }
    for binding in EDGE:
        path = binding.path.text if not binding.path.fields else binding.path.regex
        assert binding.method in named[path]["header"]["value"].split(", ")


def test_long_answers_have_no_deadline_and_short_ones_do(rendered: Config) -> None:
    for route in forwarded(rendered):
        endless = route["route"].get("timeout") == "0s"
        binding = next(
            binding
            for binding in EDGE
            if takes(route, binding.method, binding.path.expanded.replace("*", "abc123"))
        )
        assert endless == (binding.client_streaming or binding.server_streaming)
        if endless:
            assert route["route"]["idle_timeout"] == "60s"
            continue
        # Reading a file anew may take as long as an upload.
        whole, answer = ("625s", "600s") if binding.is_long else ("40s", "15s")
        assert route["route"]["idle_timeout"] == whole
        assert route["route"]["retry_policy"]["per_try_timeout"] == answer


def test_progress_is_printed_as_events(rendered: Config) -> None:
    events = [
        route["typed_per_filter_config"][TRANSCODER]["print_options"]["stream_sse_style_delimited"]
        for route in forwarded(rendered)
        if TRANSCODER in route.get("typed_per_filter_config", {})
    ]
    assert events == [True]


@pytest.mark.promise("S50")
def test_each_service_is_believed_by_its_own_name_only(rendered: Config) -> None:
    for cluster in rendered["static_resources"]["clusters"]:
        tls = cluster["transport_socket"]["typed_config"]["common_tls_context"]
        names = tls["combined_validation_context"]["default_validation_context"][
            "match_typed_subject_alt_names"
        ]
        assert names == [{"san_type": "URI", "matcher": {"exact": f"spiffe://smelt/{cluster['name']}"}}]
        assert tls["tls_certificate_sds_secret_configs"]


@pytest.mark.promise("S51")
def test_every_refusal_brings_the_headers_itself(rendered: Config) -> None:
    for mapper in connection(rendered)["local_reply_config"]["mappers"]:
        added = {entry["header"]["key"]: entry["header"]["value"] for entry in mapper["headers_to_add"]}
        assert added == SECURITY_HEADERS


@pytest.mark.promise("S51")
def test_the_content_policy_leaves_nothing_to_defaults() -> None:
    """`default-src` does not stand in for the last three of these."""
    policy = dict(part.split(" ", 1) for part in SECURITY_HEADERS["content-security-policy"].split("; "))
    names = ("default-src", "object-src", "base-uri", "form-action", "frame-ancestors")
    assert policy == dict.fromkeys(names, "'none'")


def test_no_foreign_origin_is_let_in(rendered: Config) -> None:
    """Without these headers, browsers keep answers from the pages of other origins."""
    assert "access-control-" not in yaml.safe_dump(rendered).lower()


def test_the_admin_interface_is_a_private_socket_or_absent(rendered: Config) -> None:
    socket = f"{rendered['directory']}/admin.sock"
    assert rendered["admin"] == {"address": {"pipe": {"path": socket, "mode": 0o600}}}
    assert GatewaySettings.model_fields["gateway_admin_socket"].default is None


@pytest.mark.parametrize("socket", ["admin.sock", f"/{'long' * 30}/admin.sock"])
def test_a_socket_that_envoy_could_not_open_is_refused(socket: str) -> None:
    with pytest.raises(ValidationError, match="absolute path of at most 103 bytes"):
        TypeAdapter(Socket).validate_python(socket)


def test_no_key_is_written_into_the_configuration(rendered: Config) -> None:
    written = sorted(path.name for path in Path(rendered["directory"]).glob("sds-*"))
    assert written == ["sds-authority.yaml", "sds-edge.yaml", "sds-gateway.yaml"]
    assert "inline_bytes" not in yaml.safe_dump(rendered)


@pytest.mark.parametrize(
    ("text", "matches", "others"),
    [
        ("/v1/files", ["/v1/files"], ["/v1/files/", "/v1/filesx", "/v1/file"]),
        (
            "/v1/{name=files/*}",
            ["/v1/files/a", "/v1/files/A_b-c.d"],
            ["/v1/files/a:b", "/v1/files/a/b", "/v1/files/"],
        ),
        (
            "/v1/{name=files/*}:download",
            ["/v1/files/a:download"],
            ["/v1/files/a", "/v1/files/a:download:download"],
        ),
        ("/v1/{parent=jobs/*}/rows", ["/v1/jobs/a/rows"], ["/v1/jobs/a/b/rows", "/v1/jobs//rows"]),
    ],
)
def test_a_path_template_matches_whole_paths(text: str, matches: list[str], others: list[str]) -> None:
    pattern = re.compile(PathTemplate(text).regex)
    assert all(pattern.fullmatch(path) for path in matches)
    assert not any(pattern.fullmatch(path) for path in others)


@pytest.mark.parametrize(
    ("content_type", "good"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ('application/json;charset="UTF-8"', True),
        ("application/json; charset=latin-1", False),
        ("application/jsonp", False),
        ("text/json", False),
        ("application/json, text/plain", False),
        ("", False),
    ],
)
def test_json_is_declared_in_utf8(content_type: str, good: bool) -> None:
    assert bool(re.fullmatch(JSON_UTF8, content_type)) is good
