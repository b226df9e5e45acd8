"""Which requests a rule of the stand-in's script applies to."""

import pytest

from deploy.local.provider import BadListenAddress, loopback_address
from deploy.local.provider_answers import answer_for, partly_hidden, prompt_of
from deploy.local.provider_rules import Rules, Script
from deploy.local.provider_scenarios import SCENARIOS
from deploy.local.runtime import ROOT


def rules(*lines: dict[str, object]) -> Rules:
    return Rules(Script.model_validate({"rules": list(lines)}))


def hits(chosen: Rules, prompts: list[str], *, attempt: int = 1) -> list[bool]:
    return [chosen.choose(prompt, None, attempt, {}) is not None for prompt in prompts]


def test_a_rule_without_conditions_always_applies() -> None:
    assert hits(rules({"action": "slow"}), ["a", "b"]) == [True, True]


def test_a_rule_looks_for_text_in_the_prompt() -> None:
    assert hits(rules({"action": "slow", "contains": "Acme"}), ["to Acme", "to Other"]) == [True, False]


def test_every_nth_counts_only_what_fits() -> None:
    chosen = rules({"action": "slow", "contains": "x", "every": 2})
    assert hits(chosen, ["x", "y", "x", "x", "x"]) == [False, False, True, False, True]


def test_the_first_attempts_of_each_prompt_fail() -> None:
    chosen = rules({"action": "slow", "first": 2})
    assert [chosen.choose("p", None, attempt, {}) is not None for attempt in (1, 2, 3)] == [True, True, False]


def test_a_share_is_about_right_and_the_same_each_time() -> None:
    prompts = [f"row {number}" for number in range(2000)]
    once = hits(rules({"action": "slow", "share": 0.2}), prompts)
    assert 300 < sum(once) < 500
    assert once == hits(rules({"action": "slow", "share": 0.2}), prompts)


def test_a_rule_can_wear_out() -> None:
    assert hits(rules({"action": "slow", "at_most": 1}), ["a", "a"]) == [True, False]


def test_a_rule_can_be_for_one_key_only() -> None:
    chosen = rules({"action": "slow", "authorization_sha256": "ab"})
    assert chosen.choose("p", "ab", 1, {}) is not None
    assert chosen.choose("p", "cd", 1, {}) is None


def test_the_first_rule_that_fits_wins() -> None:
    chosen = rules({"action": "html", "contains": "a"}, {"action": "slow"})
    picked = [chosen.choose(prompt, None, 1, {}) for prompt in ("a", "b")]
    assert [rule.action for rule in picked if rule] == ["html", "slow"]


@pytest.mark.parametrize(
    ("sends", "asked", "applies"),
    [
        ("temperature", {"temperature": 0}, True),
        ("temperature", {"max_tokens": 5}, False),
        ("system", {"messages": [{"role": "system", "content": "a"}, {"role": "user"}]}, True),
        ("system", {"messages": [{"role": "user", "content": "system"}]}, False),
        ("json_schema", {"response_format": {"type": "json_schema"}}, True),
        ("json_schema", {"response_format": {"type": "json_object"}}, False),
    ],
)
def test_a_rule_looks_at_what_is_sent(sends: str, asked: dict[str, object], applies: bool) -> None:
    chosen = rules({"action": "slow", "sends": sends})
    assert (chosen.choose("p", None, 1, asked) is not None) is applies


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_has_a_script_and_words(name: str) -> None:
    scenario = SCENARIOS[name]
    assert scenario.what
    assert scenario.script.rules or scenario.script.headers
    page = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
    assert f"| `{name}` | {scenario.what} |\n" in page


def test_the_prompt_is_what_the_user_said_last() -> None:
    parts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]
    assert prompt_of([{"role": "user", "content": parts}, {"role": "assistant", "content": "x"}]) == "Hello"
    assert prompt_of([{"role": "system", "content": "only this"}]) == "only this"
    assert prompt_of("nonsense") == prompt_of([]) == prompt_of([1]) == ""


def test_an_answer_ends_with_the_last_line_that_says_something() -> None:
    assert answer_for("first\nthe last one \n\n").endswith(": the last one")


def test_a_short_key_is_hidden_completely() -> None:
    assert partly_hidden("short") == "****"
    assert "efghijkl" not in partly_hidden("sk-abcdefghijklmnopqrst")


@pytest.mark.parametrize("text", ["0.0.0.0:80", "8080", "127.0.0.1:x", "127.0.0.1:70000", "10.0.0.1:80", ""])
def test_only_loopback_is_listened_on(text: str) -> None:
    with pytest.raises(BadListenAddress):
        loopback_address(text)
    assert loopback_address("127.0.0.1:0") == ("127.0.0.1", 0)
