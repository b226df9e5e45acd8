"""The personal data in auth's database, table by table; passwords and their hashes are never exported."""

from services.common.privacy import PersonalTable

_OWN = "the same in every row"

TABLES = (
    PersonalTable(
        "session",
        account_rows="account = :account",
        path="sessions.json",
        exported=(
            "id", "create_time", "last_used_time", "expire_time", "user_agent", "client_address", "end_time",
            "end_reason",
        ),
        withheld={"account": _OWN},
    ),
    PersonalTable(
        "access_token",
        account_rows="account = :account",
        path="access_tokens.json",
        exported=("id", "display_name", "scopes", "create_time", "expire_time", "last_used_time"),
        withheld={"account": _OWN, "digest": "a hash of the token"},
    ),
    PersonalTable(
        "device",
        account_rows="account = :account",
        path="devices.json",
        exported=("id", "create_time", "last_used_time"),
        withheld={"account": _OWN, "digest": "a hash of the device's token"},
    ),
    PersonalTable(
        "mailed_token",
        account_rows="account = :account",
        path="mailed_links.json",
        exported=("purpose", "create_time", "expire_time"),
        withheld={"account": _OWN, "digest": "a hash of the link's token"},
    ),
    PersonalTable(
        "mail",
        account_rows="recipient = (SELECT email FROM account WHERE id = :account)",
        path="mails_to_send.json",
        exported=("id", "kind", "recipient", "facts", "create_time", "next_try_time", "tries"),
        not_erased="the mail that confirms the deletion is among them; mails go when sent or given up",
    ),
    PersonalTable(
        "attempt",
        not_exported="counts under digests, which name no person",
        not_erased="until their period is over; otherwise registering again would reset limits",
    ),
    PersonalTable(
        "erasure",
        account_rows="account = :account",
        not_exported="only deleted accounts have rows here",
        not_erased="the tombstone: only the account's id, so that no restored backup brings the account back",
    ),
    PersonalTable(
        "data_export",
        account_rows="account = :account",
        path="data_exports.json",
        exported=("id", "state", "create_time", "end_time", "size_bytes", "sha256"),
        withheld={
            "account": _OWN,
            "fence": "belongs to the claim",
            "tries": "belongs to the claim",
            "next_time": "belongs to the claim",
        },
    ),
    PersonalTable(
        "suspension",
        account_rows="account = :account",
        not_exported="work of a few seconds, without content",
    ),
    PersonalTable(
        "restoration",
        not_exported="one row about the database itself",
        not_erased="it names no person",
    ),
    PersonalTable(
        "event",
        account_rows="account = :account",
        path="events.json",
        exported=("id", "time", "action", "outcome", "object", "client_address", "user_agent"),
        withheld={"account": _OWN},
    ),
    PersonalTable(
        "account",
        account_rows="id = :account",
        path="account.json",
        exported=("id", "email", "state", "create_time", "email_proof_time"),
        withheld={
            "password_scheme": "how the password is stored",
            "password_pepper_id": "how the password is stored",
            "password_hash": "a code of the password",
            "password_generation": "how often the password was changed",
        },
    ),
)  # fmt: skip
