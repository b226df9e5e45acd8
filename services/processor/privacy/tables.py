"""What the processor holds about people: templates, jobs with the results of their rows, webhooks."""

from services.common.privacy import PersonalTable

_OWN = "the same in every row"
_QUEUE = "a task in the queue names a job and nothing else, and ends by itself if its job is gone"
_JOBS = "job IN (SELECT id FROM job WHERE account = :account)"

TABLES = (
    PersonalTable(
        "template",
        account_rows="account = :account",
        path="templates.json",
        exported=(
            "id", "display_name", "category", "prompt", "output_column", "model", "temperature", "max_tokens",
            "character_limit", "word_limit", "forbidden_words", "reference_columns", "json_schema",
            "reasoning_effort", "max_completion_tokens", "is_choice", "auto_fix_off",
            "create_time", "update_time",
        ),
        withheld={"account": _OWN},
        at_once=10,
    ),
    PersonalTable(
        "usage_day",
        account_rows="account = :account",
        path="usage.json",
        exported=(
            "day", "model", "slot", "usages", "input_tokens", "output_tokens", "cost_nanos", "is_estimated",
        ),
        withheld={"account": _OWN},
    ),
    PersonalTable(
        "variable",
        account_rows="account = :account",
        path="variables.json",
        exported=("id", "key", "folded", "value", "create_time", "update_time"),
        withheld={"account": _OWN},
        at_once=100,
    ),
    PersonalTable(
        "job_setting",
        account_rows="account = :account",
        path="job_settings.json",
        exported=("parallel_calls",),
        withheld={"account": _OWN},
    ),
    PersonalTable(
        "webhook_secret", account_rows="account = :account", not_exported="key material, sealed by the vault"
    ),
    PersonalTable(
        "webhook_grant", account_rows="account = :account", not_exported="a credential, sealed by the vault"
    ),
    PersonalTable(
        "account_generation",
        account_rows="account = :account",
        not_exported="a number by which passports of before are refused, and counts",
    ),
    PersonalTable(
        "webhook_delivery",
        account_rows="account = :account",
        path="webhook_deliveries.json",
        exported=(
            "id", "webhook", "event", "job", "job_state", "pause_reason", "error_reason", "total",
            "succeeded", "failed", "skipped", "create_time", "state", "attempts", "attempts_before", "fence",
            "status_code", "reason", "last_attempt_time", "next_attempt_time", "end_time",
        ),
        withheld={"account": _OWN},
    ),
    PersonalTable(
        "webhook",
        account_rows="account = :account",
        path="webhooks.json",
        exported=(
            "id", "display_name", "url", "events", "enabled", "disabled_reason", "create_time", "update_time",
        ),
        withheld={"account": _OWN},
    ),
    # These come before their jobs, because they are found through them.
    PersonalTable(
        "result",
        account_rows=_JOBS,
        not_exported="exported decrypted, with their outputs, as rows.csv of each job",
    ),
    PersonalTable(
        "answer",
        account_rows=_JOBS,
        not_exported="copies for identical prompts, kept while a job runs; rows.csv has the same texts",
    ),
    PersonalTable(
        "batch",
        account_rows=_JOBS,
        path="batches.json",
        exported=(
            "job", "shard", "number", "mark", "grant_id", "step", "rows", "left_rows", "left_out", "state",
            "input_file", "remote", "output_file", "error_file", "reserved_nanos", "used_nanos", "looks",
            "is_repeated", "create_time", "sent_time",
        ),
        at_once=10,
    ),
    PersonalTable(
        "shard",
        account_rows=_JOBS,
        path="shards.json",
        exported=(
            "job", "number", "first_row", "last_row", "state", "calls", "fence", "claims",
            "succeeded", "failed", "skipped", "input_tokens", "output_tokens", "cost_nanos",
        ),
    ),
    PersonalTable(
        "job",
        account_rows="account = :account",
        path="jobs.json",
        exported=(
            "id", "display_name", "file", "file_name", "parse", "templates", "steps", "first_row", "last_row",
            "parallel_calls", "api_key", "state", "pause_reason", "error_reason", "error_message",
            "succeeded", "failed", "skipped", "input_tokens", "output_tokens", "tokens_estimated",
            "cost_nanos", "max_cost_nanos", "reserved_nanos", "priced", "economy", "shard_count",
            "shards_done", "grant_id", "grant_expire_time", "result_fence", "result_size", "result_sha256",
            "mark_time", "mark_done", "mark_rate", "create_time", "start_time", "end_time", "down_time",
            "probe_time", "probe_count", "waits_since", "waits_seen", "waits_done", "file_seen",
            "assemblies", "edited",
        ),
        withheld={
            "account": _OWN,
            "wrapped_key": "key material",
            "snapshot": "exported decrypted, as snapshot.json of each job",
            "error_said": "exported decrypted, as provider_message.txt of each job",
            "grant_token": "a credential",
            "sealed_grant": "a credential, sealed by the vault",
        },
    ),
    PersonalTable(
        "idempotency",
        account_rows="account = :account",
        path="repeated_requests.json",
        exported=("method", "key", "resource", "create_time"),
        withheld={"account": _OWN, "digest": "a digest of the request"},
    ),
    PersonalTable("procrastinate_jobs", not_exported=_QUEUE, not_erased=_QUEUE),
    PersonalTable("procrastinate_events", not_exported=_QUEUE, not_erased=_QUEUE),
    PersonalTable("procrastinate_periodic_defers", not_exported=_QUEUE, not_erased=_QUEUE),
    PersonalTable(
        "procrastinate_workers", not_exported="workers, not people", not_erased="workers, not people"
    ),
)  # fmt: skip
