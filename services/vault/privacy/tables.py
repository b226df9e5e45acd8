"""What the vault stores about people: facts about API keys, uses, the audit log; never the keys."""

from services.common.privacy import PersonalTable

_NOTHING = "contains nothing about a person"

DATABASE = (
    PersonalTable(
        "api_keys",
        account_rows="account = :account",
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
            "kind",
            "timeout_seconds",
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
    PersonalTable(
        "grant_uses",
        account_rows="grant_ref IN (SELECT ref FROM grants WHERE account = :account)",
        path="grant_uses.json",
        exported=("grant_ref", "row", "template", "claim", "attempt"),
    ),
    PersonalTable(
        "grants",
        account_rows="account = :account",
        path="grants.json",
        exported=("id", "ref", "used", "met_time", "expire_time", "revoke_time"),
        withheld={"account": "the same in every row"},
    ),
    PersonalTable(
        "idempotency",
        account_rows="account = :account",
        path="repeated_requests.json",
        exported=("method", "key", "resource", "create_time"),
        withheld={"account": "the same in every row", "digest": "a keyed code over the request"},
    ),
    PersonalTable(
        "audit_records",
        account_rows="account = :account",
        path="audit_records.json",
        exported=("chain", "seq", "time", "object", "action", "outcome", "body"),
        withheld={"account": "the same in every row", "mac": "the chain's code, made with a key"},
        not_erased="removing a record breaks the chain; ids and times, no content, until the month goes",
    ),
    PersonalTable("audit_heads", not_exported=_NOTHING, not_erased=_NOTHING),
    PersonalTable(
        "ended_accounts",
        account_rows="account = :account",
        not_exported="only accounts that were erased have a row",
        not_erased="the tombstone: every grant of the account is refused, also in a restored copy",
    ),
    PersonalTable(
        "account_generation",
        account_rows="account = :account",
        not_exported="a number by which passports of before are refused, and counts",
    ),
    PersonalTable("erasure_state", not_exported=_NOTHING, not_erased=_NOTHING),
)

KEY_STORE = (
    PersonalTable(
        "account_keys",
        account_rows="account = :account",
        path="account_keys.json",
        exported=("epoch", "state", "uses", "create_time", "retire_time", "destroy_time"),
        withheld={"account": "the same in every row", "wrapped": "key material"},
        not_erased="the row stays without its destroyed key, so that the account never gets another",
    ),
    PersonalTable(
        "objects",
        account_rows="account = :account",
        path="objects.json",
        exported=("object", "generation", "deleted"),
        withheld={"account": "the same in every row"},
        not_erased="ids by which rows restored from a backup are recognised as void",
    ),
    PersonalTable(
        "epoch_confirmations",
        account_rows="account = :account",
        not_exported="which services have finished a rotation of the account's key",
        not_erased="numbers of a rotation, without content",
    ),
    PersonalTable("installation", not_exported=_NOTHING, not_erased=_NOTHING),
    PersonalTable("escrows", not_exported=_NOTHING, not_erased=_NOTHING),
    PersonalTable("system_keys", not_exported="key material of the installation", not_erased=_NOTHING),
    PersonalTable("erasure_state", not_exported=_NOTHING, not_erased=_NOTHING),
)
