"""The personal data in auth's database, table by table; passwords and their hashes are never exported."""

from services.common.privacy import Held

_OWN = "the same in every row"

HELD = (
    Held(
        "session",
        owned="account = :account",
        path="sessions.json",
        exported=(
            "id", "create_time", "last_used_time", "expire_time", "user_agent", "client_address", "end_time",
            "end_reason",
        ),
        withheld={"account": _OWN},
    ),
    Held(
        "access_token",
        owned="account = :account",
        path="access_tokens.json",
        exported=("id", "display_name", "scopes", "create_time", "expire_time", "last_used_time"),
        withheld={"account": _OWN, "digest": "a hash of the token"},
    ),
    Held(
        "device",
        owned="account = :account",
        path="devices.json",
        exported=("id", "create_time", "last_used_time"),
        withheld={"account": _OWN, "digest": "a hash of the device's token"},
    ),
    Held(
        "mailed_token",
        owned="account = :account",
        path="mailed_links.json",
        exported=("purpose", "create_time", "expire_time"),
        withheld={"account": _OWN, "digest": "a hash of the link's token"},
    ),
    Held(
        "mail",
        owned="recipient = (SELECT email FROM account WHERE id = :account)",
        path="mails_to_send.json",
        exported=("id", "kind", "recipient", "facts", "create_time", "next_try_time", "tries"),
        kept="the mail that confirms the deletion is among them; mails are removed when sent or given up",
    ),
    Held(
        "attempt",
        not_exported="counts under digests, which name no person",
        kept="until their period is over; otherwise deleting an account and registering again resets limits",
    ),
    Held(
        "erasure",
        owned="account = :account",
        not_exported="only deleted accounts have rows here",
        kept="the tombstone: only the account's id, so that no restored backup brings the account back",
    ),
    Held(
        "data_export",
        owned="account = :account",
        path="data_exports.json",
        exported=("id", "state", "create_time", "end_time", "size_bytes", "sha256"),
        withheld={
            "account": _OWN,
            "fence": "belongs to the claim",
            "tries": "belongs to the claim",
            "next_time": "belongs to the claim",
        },
    ),
    Held(
        "event",
        owned="account = :account",
        path="events.json",
        exported=("id", "time", "action", "outcome", "object", "client_address", "user_agent"),
        withheld={"account": _OWN},
    ),
    Held(
        "account",
        owned="id = :account",
        path="account.json",
        exported=("id", "email", "state", "create_time"),
        withheld={
            "password_scheme": "how the password is stored",
            "password_pepper_id": "how the password is stored",
            "password_hash": "a code of the password",
            "password_generation": "how often the password was changed",
        },
    ),
)  # fmt: skip
