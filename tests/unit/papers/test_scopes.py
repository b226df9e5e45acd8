"""The scopes in the services' lists agree with the HTTP methods."""

import importlib

import pytest

from services.common.errors import ScopeMissing
from services.common.identity import GATEWAY, Allow, Passport, Scope
from tests.e2e import contracts

SCOPES: tuple[Scope, ...] = ("read", "write", "account")


def test_a_method_that_needs_a_person_cannot_leave_its_scope_out() -> None:
    with pytest.raises(TypeError):
        Allow(GATEWAY, needs="passport")
    with pytest.raises(TypeError):
        Allow(GATEWAY, needs="proof")
    with pytest.raises(TypeError):
        Allow(GATEWAY, scope="read")


@pytest.mark.promise("S26")
def test_what_only_reads_is_a_get_and_what_changes_is_not() -> None:
    """The edge decides by the HTTP method, so a GET must be a method that needs only `read`."""
    for method in contracts.people_methods():
        policy = importlib.import_module(f"services.{method.package}.policy").POLICY
        scope = policy[method.full_name].scope
        verbs = {verb for verb, _, _ in method.bindings}
        if scope is not None and scope != "account":
            assert (scope == "read") == (verbs == {"GET"}), method.full_name


@pytest.mark.promise("S26")
@pytest.mark.parametrize("scopes", [(), ("read",), ("read", "write"), ("read", "write", "account")])
def test_a_passport_serves_for_its_own_scopes_only(scopes: tuple[str, ...]) -> None:
    person = Passport("a", "s", scopes, "t")
    for wanted in SCOPES:
        if wanted in scopes:
            person.require(wanted)
        else:
            with pytest.raises(ScopeMissing):
                person.require(wanted)
