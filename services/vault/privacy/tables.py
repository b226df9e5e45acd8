"""What the vault stores about people: facts about API keys, uses, the audit log; never the keys."""

from services.common.privacy import Held

_NOTHING = "contains nothing about a person"

DATABASE = (
    Held(
        "api_keys",
        owned="account = :account",
        path="api_keys.json",
        exported=(
            "id",
            "label",
            "hint",
            "base_url",
            "active",
            "create_time",
            "last_used_time",
            "last_test_result",
            "last_tested_time",
        ),
        withheld={
            "account": "the same in every row",
            "blob": "key material: the sealed secret",
            "suite": "how the blob is sealed",
            "epoch": "how the blob is sealed",
            "generation": "how the blob is sealed",
        },
    ),
    # Listed before grants, because their rows are found by their grants.
    Held(
        "grant_uses",
        owned="grant_ref IN (SELECT ref FROM grants WHERE account = :account)",
        path="grant_uses.json",
        exported=("grant_ref", "row", "template", "claim", "attempt"),
    ),
    Held(
        "grants",
        owned="account = :account",
        path="grants.json",
        exported=("id", "ref", "used", "met_time", "expire_time", "revoke_time"),
        withheld={"account": "the same in every row"},
    ),
    Held(
        "idempotency",
        owned="account = :account",
        path="repeated_requests.json",
        exported=("method", "key", "resource", "create_time"),
        withheld={"account": "the same in every row", "digest": "a keyed code over the request"},
    ),
    Held(
        "audit_records",
        owned="account = :account",
        path="audit_records.json",
        exported=("chain", "seq", "time", "object", "action", "outcome", "body"),
        withheld={"account": "the same in every row", "mac": "the chain's code, made with a key"},
        kept="removing a record breaks the chain; ids and times without content, until the month is dropped",
    ),
    Held("audit_heads", not_exported=_NOTHING, kept=_NOTHING),
    Held(
        "ended_accounts",
        owned="account = :account",
        not_exported="only accounts that were erased have a row",
        kept="the tombstone: every grant of the account is refused, also in a restored copy",
    ),
    Held("erasure_state", not_exported=_NOTHING, kept=_NOTHING),
)

KEY_STORE = (
    Held(
        "account_keys",
        owned="account = :account",
        path="account_keys.json",
        exported=("epoch", "state", "uses", "create_time", "retire_time", "destroy_time"),
        withheld={"account": "the same in every row", "wrapped": "key material"},
        kept="the row of a destroyed key stays, without the key, so that the account never gets another",
    ),
    Held(
        "objects",
        owned="account = :account",
        path="objects.json",
        exported=("object", "generation", "deleted"),
        withheld={"account": "the same in every row"},
        kept="ids by which rows restored from a backup are recognised as void",
    ),
    Held(
        "epoch_confirmations",
        owned="account = :account",
        not_exported="which services have finished a rotation of the account's key",
        kept="numbers of a rotation, without content",
    ),
    Held("installation", not_exported=_NOTHING, kept=_NOTHING),
    Held("escrows", not_exported=_NOTHING, kept=_NOTHING),
    Held("system_keys", not_exported="key material of the installation", kept=_NOTHING),
    Held("erasure_state", not_exported=_NOTHING, kept=_NOTHING),
)
