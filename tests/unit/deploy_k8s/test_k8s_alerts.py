"""Alerts fire when they should and are quiet otherwise, name metrics that exist, and lead to the runbook."""

import importlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

from tests.unit.deploy_k8s.manifests import FOLDER

ROOT = FOLDER.parents[1]
MONITORING = FOLDER / "components" / "monitoring"
GROUPS = yaml.safe_load((MONITORING / "rules.yaml").read_text())["spec"]["groups"]
RULES = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
CASES: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(
    Path(__file__).with_name("alerts.yaml").read_text()
)
MODULES = ("common", "files", "processor", "vault")
METRIC = re.compile(r"\b(?:smelt|envoy)_[a-z_]+\b")
#: Labels that Prometheus or Envoy sets; all others are those of the metric itself.
TARGET = {"pod", "app_kubernetes_io_name"}


def known() -> dict[str, set[str]]:
    """Every metric of ours by the names of its series, with its labels."""
    for module in MODULES:
        importlib.import_module(f"services.{module}.metrics")
    found: dict[str, set[str]] = {}
    for collector in set(REGISTRY._collector_to_names):
        labels = set(getattr(collector, "_labelnames", ()))
        for name in REGISTRY._collector_to_names[collector]:
            found[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return found


def test_every_metric_of_a_rule_exists_with_the_labels_that_it_names() -> None:
    metrics = known()
    for rule in RULES.values():
        for name, labels in re.findall(r"\b(smelt_[a-z_]+)(?:\{([^}]*)\})?", rule["expr"]):
            assert name in metrics, name
            wanted = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels))
            assert wanted <= metrics[name] | TARGET, (name, wanted)


def test_no_label_of_a_metric_can_name_a_person() -> None:
    named = {label for name, labels in known().items() if name.startswith("smelt_") for label in labels}
    assert named <= {"method", "code", "of", "how", "state", "outcome", "le", "why"}


def test_every_alert_is_seen_to_fire_and_to_be_quiet() -> None:
    assert CASES.keys() == RULES.keys()
    assert all(case.keys() == {"fires", "quiet"} for case in CASES.values())


@pytest.mark.parametrize("alert", RULES)
def test_every_alert_leads_to_its_chapter_of_the_runbook(alert: str) -> None:
    path, _, anchor = RULES[alert]["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / path).read_text(), re.MULTILINE)
    assert anchor in [heading.lower().replace(" ", "-") for heading in headings]
    assert RULES[alert]["labels"]["severity"] in ("warning", "critical")


def test_the_runbook_has_no_chapter_without_an_alert() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert headings == list(RULES)


def test_prometheus_raises_each_alert_at_its_figures_and_at_no_others(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("there is no promtool on the path; it is in Debian's package prometheus")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": GROUPS}))
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            # The one value of a vector, so that labels and texts need no repeating here.
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)',
                    "eval_time": _end(series),
                    "exp_samples": [{"labels": "{}", "value": int(kind == "fires")}],
                }
            ],
        }
        for alert, case in CASES.items()
        for kind, series in case.items()
    ]
    test = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test))
    for command in (("check", "rules", "rules.yaml"), ("test", "rules", "test.yaml")):
        done = subprocess.run([promtool, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def _end(series: dict[str, str]) -> str:
    """The minute of the last value: `0x10 1x20` has one and ten, and one and twenty."""
    text: str = next(iter(series.values()))
    runs = [int(count) for count in re.findall(r"x(\d+)", text)]
    return f"{sum(runs) + len(runs) - 1}m"
