"""The script that counts arrivals, run by Envoy itself, which refuses it when an assertion in it fails."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.arrivals import BURST_SECONDS, arrivals
from gateway.binary import envoy_path
from gateway.settings import CONNECTIONS_PER_SECOND, GatewaySettings

PER_SECOND = 3
AT_ONCE = PER_SECOND * BURST_SECONDS
#: Before the script: a clock that the assertions set.
CLOCK = "local clock = 1000\nos.time = function() return clock end\n"


def run(lua: str, directory: Path) -> str:
    """Run Lua after the script; return what Envoy says against it."""
    matched = arrivals(PER_SECOND, chain="edge")
    predicate = matched["filter_chain_matcher"]["matcher_list"]["matchers"][0]["predicate"][
        "single_predicate"
    ]
    code = predicate["value_match"]["custom"]["typed_config"]["source_code"]
    code["inline_string"] = CLOCK + code["inline_string"] + lua
    echo = "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo"
    listener: dict[str, Any] = {
        "name": "edge",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        **matched,
        "filter_chains": [{"name": "edge", "filters": [{"name": "echo", "typed_config": {"@type": echo}}]}],
    }
    configuration = directory / "envoy.yaml"
    configuration.write_text(yaml.safe_dump({"static_resources": {"listeners": [listener]}}))
    command = [str(envoy_path()), "--mode", "validate", "-c", str(configuration), "-l", "critical"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if checked.returncode == 0 else checked.stdout + checked.stderr


def test_an_assertion_that_fails_is_heard(tmp_path: Path) -> None:
    assert "not this" in run('assert(false, "not this")', tmp_path)


@pytest.mark.promise("S53")
def test_an_address_has_a_burst_and_a_rate_of_its_own(tmp_path: Path) -> None:
    lua = f"""
    local function come(address, times)
      local let_in = 0
      for _ = 1, times do
        if envoy_match(address) then let_in = let_in + 1 end
      end
      return let_in
    end
    assert(come("192.0.2.1", 1000) == {AT_ONCE})
    assert(come("192.0.2.2", 1000) == {AT_ONCE})
    clock = clock + 2
    assert(come("192.0.2.1", 1000) == {2 * PER_SECOND})
    clock = clock - 500
    assert(come("192.0.2.1", 1000) == 0)
    clock = clock + 100000
    assert(come("192.0.2.1", 1000) == {AT_ONCE})
    """
    assert run(lua, tmp_path) == ""


@pytest.mark.promise("S53")
def test_the_addresses_of_one_ipv6_network_are_one_client(tmp_path: Path) -> None:
    lua = f"""
    local function same(one, other)
      clock = clock + 100000
      for _ = 1, {AT_ONCE} do assert(envoy_match(one)) end
      return not envoy_match(other)
    end
    assert(same("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"))
    assert(same("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"))
    assert(not same("2001:db8:1:2::1", "2001:db8:1:3::1"))
    assert(same("2001:db8::1", "2001:db8:0:0:1::"))
    assert(not same("2001:db8::1", "2001:db8:0:1::"))
    assert(same("::1", "::2:3"))
    assert(not same("::1", "1::1"))
    assert(same("1::2:3:4:5:6:7", "1:0:2:3::"))
    assert(same("::ffff:192.0.2.1", "192.0.2.1"))
    assert(not same("::ffff:192.0.2.1", "::ffff:192.0.2.2"))
    assert(not same("192.0.2.1", "192.0.2.10"))
    """
    assert run(lua, tmp_path) == ""


@pytest.mark.promise("S53")
def test_the_script_remembers_few_addresses_and_those_that_come(tmp_path: Path) -> None:
    """However many others come in between, an address that keeps coming is known."""
    lua = f"""
    for _ = 1, {AT_ONCE} do envoy_match("192.0.2.1") end
    collectgarbage()
    for i = 1, 200000 do
      envoy_match(string.format("10.%d.%d.%d", i / 65536, i / 256 % 256, i % 256))
      if i % 5000 == 0 then assert(not envoy_match("192.0.2.1"), i) end
    end
    collectgarbage()
    assert(collectgarbage("count") < 10000, collectgarbage("count"))
    """
    assert run(lua, tmp_path) == ""


def test_behind_proxies_connections_are_not_counted_unless_it_is_said() -> None:
    def bound(proxies: int, said: int | None) -> int:
        settings = GatewaySettings.model_construct(
            trusted_proxies=proxies, gateway_connections_per_second=said
        )
        return settings.connections_per_second()

    assert bound(0, None) == CONNECTIONS_PER_SECOND
    assert bound(1, None) == 0
    assert bound(1, 500) == 500
    assert bound(0, 0) == 0
