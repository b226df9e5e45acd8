"""Every action that a record of the audit log can name; docs/operating-the-vault.md explains each one.

The values stand in stored records and in owners' lists of events, so they never change.
"""

from enum import StrEnum
from typing import NewType


class Action(StrEnum):
    """What was done, or refused."""

    CREATE_API_KEY = "create"
    REPLACE_MANAGED_KEY = "replace"
    ACTIVATE_API_KEY = "activate"
    SUSPEND_API_KEY = "suspend"
    DELETE_API_KEY = "delete"
    TEST_API_KEY = "test"
    RELEASE_API_KEY = "release"
    REVOKE_GRANT = "revoke-grant"
    CREATE_DATA_KEY = "create-data-key"
    OPEN_DATA_KEY = "open-data-key"
    REWRAP_DATA_KEYS = "rewrap-data-keys"
    CREATE_WEBHOOK_SECRET = "create-webhook-secret"  # noqa: S105 -- an action, not a secret
    UPDATE_WEBHOOK = "update-webhook"
    DELETE_WEBHOOK = "delete-webhook"
    SIGN_WEBHOOK = "sign-webhook"
    ROTATE_ACCOUNT_KEY = "rotate-account-key"
    DESTROY_RETIRED_ACCOUNT_KEYS = "destroy-retired-account-keys"
    ERASE_ACCOUNT = "erase"
    REPLAY_ERASURES = "replay-erasures"
    TAKE_CHAIN = "take-chain"


#: A call that its certificate or its proof did not let in: `call` and the method's name.
RefusedCall = NewType("RefusedCall", str)


def refused_call(method: str) -> RefusedCall:
    """Return the action for a refused call of a method, given as `/package.Service/Method`."""
    return RefusedCall(f"call {method.rsplit('/', 1)[-1]}")
