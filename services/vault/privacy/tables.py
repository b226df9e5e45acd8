"""What the vault holds of people: facts of API keys, uses, the audit log; never the keys themselves."""

from services.common.privacy import PersonalTable

_NOTHING = "holds nothing of a person"

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
        withheld={"account": "the same in every row", "digest": "a keyed code over what was asked"},
    ),
    PersonalTable(
        "audit_records",
        account_rows="account = :account",
        path="audit_records.json",
        exported=("chain", "seq", "time", "object", "action", "outcome", "body"),
        withheld={"account": "the same in every row", "mac": "a code of the chain, made with a key"},
        not_erased="a record taken out breaks the chain; ids and times, no content, until retention ends it",
    ),
    PersonalTable("audit_heads", not_exported=_NOTHING, not_erased=_NOTHING),
    PersonalTable(
        "ended_accounts",
        account_rows="account = :account",
        not_exported="an account that is here has left",
        not_erased="the tombstone: no grant of the account is good, also in a copy that is restored",
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
        not_erased="the row stays without its destroyed key, so that the account never gets another one",
    ),
    PersonalTable(
        "objects",
        account_rows="account = :account",
        path="objects.json",
        exported=("object", "generation", "deleted"),
        withheld={"account": "the same in every row"},
        not_erased="ids by which rows that come back from a backup are known to be void",
    ),
    PersonalTable(
        "epoch_confirmations",
        account_rows="account = :account",
        not_exported="which service is done with a rotation of the account's key",
        not_erased="numbers of a rotation that was under way, without content",
    ),
    PersonalTable("installation", not_exported=_NOTHING, not_erased=_NOTHING),
    PersonalTable("escrows", not_exported=_NOTHING, not_erased=_NOTHING),
    PersonalTable("system_keys", not_exported="key material of the installation", not_erased=_NOTHING),
    PersonalTable("erasure_state", not_exported=_NOTHING, not_erased=_NOTHING),
)
