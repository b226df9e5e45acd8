"""What the vault holds of people: facts of API keys, uses, the audit log; never the keys themselves."""

from services.common.privacy import Held

_NOTHING = "holds nothing of a person"

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
    # Before their grants, by which they are found.
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
        withheld={"account": "the same in every row", "digest": "a keyed code over what was asked"},
    ),
    Held(
        "audit_records",
        owned="account = :account",
        path="audit_records.json",
        exported=("chain", "seq", "time", "object", "action", "outcome", "body"),
        withheld={"account": "the same in every row", "mac": "a code of the chain, made with a key"},
        kept="a record taken out breaks the chain; ids and times, no content, until retention ends it",
    ),
    Held("audit_heads", not_exported=_NOTHING, kept=_NOTHING),
    Held(
        "ended_accounts",
        owned="account = :account",
        not_exported="an account that is here has left",
        kept="the tombstone: no grant of the account is good, also in a copy that is restored",
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
        kept="a destroyed key leaves its row without the key, so that the account never gets another one",
    ),
    Held(
        "objects",
        owned="account = :account",
        path="objects.json",
        exported=("object", "generation", "deleted"),
        withheld={"account": "the same in every row"},
        kept="ids by which rows that come back from a backup are known to be void",
    ),
    Held(
        "epoch_confirmations",
        owned="account = :account",
        not_exported="which service is done with a rotation of the account's key",
        kept="numbers of a rotation that was under way, without content",
    ),
    Held("installation", not_exported=_NOTHING, kept=_NOTHING),
    Held("escrows", not_exported=_NOTHING, kept=_NOTHING),
    Held("system_keys", not_exported="key material of the installation", kept=_NOTHING),
    Held("erasure_state", not_exported=_NOTHING, kept=_NOTHING),
)
