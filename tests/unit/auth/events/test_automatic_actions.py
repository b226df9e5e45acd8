"""What is folded away from an owner's history is something that the vault records."""

from services.auth.events.actions import ACTIONS, AUTOMATIC
from services.vault.audit.actions import Action


def test_automatic_actions_are_the_vaults_and_none_that_a_person_takes() -> None:
    assert {action.value for action in Action} >= AUTOMATIC
    assert not AUTOMATIC & set(ACTIONS.values())
    assert not AUTOMATIC & {"create", "activate", "delete", "suspend", "erase"}
