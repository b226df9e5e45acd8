"""Two accounts: what one owns does not exist for the other. The cases come from the descriptors."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.common.ids import new_id
from tests.e2e import contracts
from tests.e2e.api import Person
from tests.e2e.belongings import belongings
from tests.support.stack import Stack

#: Bodies that would be accepted if their names were the caller's own; `{name}` marks the field under test.
BODIES: dict[tuple[str, str], Callable[[Any, str], dict[str, Any]]] = {
    ("CreateJob", "file"): lambda own, name: {"file": name, "templates": [own["templates"]]},
    ("CreateJob", "templates"): lambda own, name: {"file": own["files"], "templates": [name]},
    ("CreateJob", "api_key"): lambda own, name: {
        "file": own["files"], "templates": [own["templates"]], "api_key": name},
    ("PreviewTemplate", "name"): lambda own, name: {"name": name, "file": own["files"]},
    ("PreviewTemplate", "file"): lambda own, name: {"template": {"prompt": "x"}, "file": name},
    ("EstimateJob", "file"): lambda own, name: {"file": name, "templates": [own["templates"]]},
    ("EstimateJob", "templates"): lambda own, name: {"file": own["files"], "templates": [name]},
    ("ResumeJob", "api_key"): lambda own, name: {"api_key": name},
    ("RetryFailedRows", "api_key"): lambda own, name: {"api_key": name},
    ("UpdateJobRow", "parent"): lambda own, name: {"outputs": {"Hook": "taken over"}},
    ("RestoreAnswers", "name"): lambda own, name: {"name": name, "row": 1},
    ("RegenerateRow", "name"): lambda own, name: {"name": name, "row": 1},
    ("RegenerateRow", "api_key"): lambda own, name: {"row": 1, "api_key": name},
    ("TestTemplate", "file"): lambda own, name: {"templates": [own["templates"]], "file": name},
    ("TestTemplate", "templates"): lambda own, name: {"templates": [name], "file": own["files"]},
    ("TestTemplate", "name"): lambda own, name: {"name": name, "file": own["files"]},
    ("TestTemplate", "api_key"): lambda own, name: {
        "name": own["templates"], "file": own["files"], "api_key": name},
    ("DuplicateTemplate", "name"): lambda own, name: {"name": name},
    ("UpdateWebhook", "webhook.name"): lambda own, name: {"display_name": "taken over"},
    ("UpdateVariable", "variable.name"): lambda own, name: {"value": "taken over"},
    ("UpdateTemplate", "template.name"): lambda own, name: {"display_name": "taken over"},
}  # fmt: skip


#: Collections that are the same for everyone, or without names.
SHARED = {"libraryTemplates", "models", "usage"}


# Resources of which an account has exactly one have no list.
SINGLE = {"/v1/users/me", "/v1/fileSettings", "/v1/jobSettings"}


def cases() -> list[tuple[str, str, str]]:
    """Return (method, field, collection) for every field by which a person can name a resource."""
    found = []
    for method in contracts.people_methods():
        short = method.full_name.rsplit("/", 1)[1]
        fields = list(contracts.resource_fields(method.input))
        for _, path, _ in method.bindings:
            for field, collection in re.findall(r"\{([a-z_.]+)=([a-zA-Z]+)/\*\}", path):
                if (field, collection) not in fields:
                    fields.append((field, collection))
        found += [(short, field, collection) for field, collection in fields if collection not in SHARED]
    return sorted(set(found))


@pytest.fixture(scope="module")
def two(new_person: Callable[[], Person], stack: Stack) -> tuple[dict[str, str], Person, dict[str, str]]:
    """The resources of A, then B, and the resources of B."""
    base = f"http://{urlsplit(stack.provider_url).netloc}/v1"
    owner, other = new_person(), new_person()
    return belongings(owner, base), other, belongings(other, base)


def ask(person: Person, own: dict[str, str], method: str, field: str, name: str) -> list[tuple[int, str]]:
    """Call each binding of a method with `name` in the field; return status and body without the name."""
    rpc = next(m for m in contracts.people_methods() if m.full_name.endswith(f"/{method}"))
    answers = []
    for verb, template, body in rpc.bindings:
        in_path = re.search(r"\{" + re.escape(field) + r"=[^}]*\}", template)
        path = re.sub(r"\{" + re.escape(field) + r"=[^}]*\}", name, template)
        path = re.sub(r"\{[a-z_.]+=([a-zA-Z]+)/\*\}", lambda match: own[match.group(1)], path)
        path = path.replace("{row}", "1")
        make = BODIES.get((method, field))
        if not in_path and not make:
            continue
        json = make(own, name) if make else ({} if body else None)
        if in_path and json:
            json.pop(field, None)
        answer = person.call(verb, path, json)
        answers.append((answer.status_code, answer.text.replace(name, "NAME")))
    return answers


def test_every_field_that_names_a_resource_is_in_the_matrix() -> None:
    by_path = {
        (m.full_name.rsplit("/", 1)[1], field)
        for m in contracts.people_methods()
        for _, path, _ in m.bindings
        for field in re.findall(r"\{([a-z_.]+)=", path)
    }
    assert {(method, field) for method, field, _ in cases()} <= by_path | BODIES.keys()
    assert len(cases()) >= 20


@pytest.mark.promise("S30")
@pytest.mark.parametrize(("method", "field", "collection"), cases())
def test_the_other_accounts_resource_does_not_exist(
    two: tuple[dict[str, str], Person, dict[str, str]], method: str, field: str, collection: str
) -> None:
    theirs, person, own = two
    foreign = ask(person, own, method, field, theirs[collection])
    missing = ask(person, own, method, field, f"{collection}/{new_id()}")
    assert foreign == missing
    assert foreign
    assert all(status == 404 for status, _ in foreign), foreign


@pytest.mark.promise("S30")
def test_lists_hold_only_ones_own(two: tuple[dict[str, str], Person, dict[str, str]]) -> None:
    theirs, person, own = two
    for method in contracts.people_methods():
        for verb, path, _ in method.bindings:
            if verb == "GET" and "{" not in path and path not in SINGLE:
                answer = person.call("GET", path)
                assert answer.status_code == 200, path
                collection = path.rsplit("/", 1)[1]
                if collection in SHARED:
                    continue
                assert own[collection] in answer.text
                assert not any(name in answer.text for name in theirs.values())


@pytest.mark.promise("S30")
def test_nothing_of_the_owner_changed(two: tuple[dict[str, str], Person, dict[str, str]], http: Any) -> None:
    theirs, person, _ = two
    for name in theirs.values():
        assert person.call("GET", f"/v1/{name}").status_code in (404, 405)
