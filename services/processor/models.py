"""Tables of the processor. Prompts, variables and names are plain; snapshots and row payloads are sealed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.common.store import generations, idempotency


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData()
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it from the class
        str: Text,
        int: Integer,
        float: Double,
        bytes: LargeBinary,
        datetime: DateTime(timezone=True),
    }


IDEMPOTENCY = idempotency.table(Base.metadata)
ACCOUNT_GENERATION = generations.table(Base.metadata)


class TemplateRow(Base):
    """A stored template."""

    __tablename__ = "template"
    __table_args__ = (Index("template_by_account", "account", "create_time", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    display_name: Mapped[str]
    category: Mapped[str]
    prompt: Mapped[str]
    output_column: Mapped[str]
    model: Mapped[str]
    temperature: Mapped[float]
    max_tokens: Mapped[int]
    character_limit: Mapped[int] = mapped_column(server_default="0")
    word_limit: Mapped[int] = mapped_column(server_default="0")
    forbidden_words: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    reference_columns: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    json_schema: Mapped[str] = mapped_column(server_default="")
    reasoning_effort: Mapped[str] = mapped_column(server_default="")
    max_completion_tokens: Mapped[int] = mapped_column(server_default="0")
    is_choice: Mapped[bool] = mapped_column(server_default=false())
    auto_fix_off: Mapped[bool] = mapped_column(server_default=false())
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]


class VariableRow(Base):
    """A custom variable; `folded` is its key as keys are compared."""

    __tablename__ = "variable"
    __table_args__ = (
        Index("variable_by_key", "account", "folded", unique=True),
        Index("variable_by_account", "account", "create_time", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    key: Mapped[str]
    folded: Mapped[str]
    value: Mapped[str]
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]


class JobRow(Base):
    """A job. Its counters cover finished shards; unfinished shards have their own."""

    __tablename__ = "job"
    __table_args__ = (
        Index("job_by_account", "account", "create_time", "id"),
        Index(
            "job_waiting_for_provider",
            "probe_time",
            postgresql_where="state = 'PAUSED' AND pause_reason IN ('PROVIDER_DOWN', 'SERVICE_DOWN')",
        ),
        Index("job_live", "file_seen", postgresql_where="state IN ('PENDING', 'RUNNING', 'PAUSED')"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    file: Mapped[str]
    parse: Mapped[int]
    templates: Mapped[list[str]] = mapped_column(ARRAY(Text))
    #: The names of the file and of the job, and of each template its name, model and columns, as they were at
    #: the start. Like the names of files and templates themselves, they are in plain text, so that a list of
    #: jobs can show them without opening a key for each.
    file_name: Mapped[str] = mapped_column(server_default="", default="")
    display_name: Mapped[str] = mapped_column(server_default="", default="")
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]", default=list)
    first_row: Mapped[int]
    last_row: Mapped[int]
    parallel_calls: Mapped[int]
    api_key: Mapped[str]
    state: Mapped[str]
    pause_reason: Mapped[str] = mapped_column(default="NOT_PAUSED")
    error_reason: Mapped[str] = mapped_column(default="")
    error_message: Mapped[str] = mapped_column(default="")
    #: What the provider said, sealed under the job's data key; empty for nothing.
    error_said: Mapped[bytes] = mapped_column(server_default="", default=b"")
    #: Whether some of the tokens are estimated, because a provider told no numbers.
    tokens_estimated: Mapped[bool] = mapped_column(server_default="false", default=False)
    succeeded: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(server_default="0", default=0)
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    #: Billionths of a US dollar: what the tokens cost, the budget (0 means none, -1 one of nothing), and
    #: what is spent or set aside for calls. Unless every model has a price, the cost is unknown.
    cost_nanos: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    max_cost_nanos: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    reserved_nanos: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    priced: Mapped[bool] = mapped_column(server_default="false")
    shard_count: Mapped[int]
    shards_done: Mapped[int] = mapped_column(default=0)
    #: The job's data key as the vault wrapped it, and the snapshot that is sealed under it.
    wrapped_key: Mapped[bytes]
    snapshot: Mapped[bytes]
    #: The grant to continue without the owner, sealed by the vault, which opens it for the processor alone.
    sealed_grant: Mapped[bytes | None]
    #: The grant of a job that an older version started; empty in all others.
    grant_token: Mapped[str] = mapped_column(default="")
    grant_id: Mapped[str]
    grant_expire_time: Mapped[datetime]
    #: Empty, or how rows go that a batch left (`jobs/economy.py`).
    economy: Mapped[str] = mapped_column(server_default="", default="")
    #: The fence of the worker that assembles the result file, and the file's facts once it exists.
    result_fence: Mapped[int] = mapped_column(BigInteger, default=0)
    result_size: Mapped[int] = mapped_column(BigInteger, default=0)
    result_sha256: Mapped[str] = mapped_column(default="")
    #: Whether answers were put back after the rows were done: the result file then has the former ones.
    edited: Mapped[bool] = mapped_column(server_default=false(), default=False)
    #: The last progress mark: when it was made, how many rows were done, and the rate until then.
    mark_time: Mapped[datetime | None]
    mark_done: Mapped[int] = mapped_column(default=0)
    mark_rate: Mapped[float] = mapped_column(default=0.0)
    #: Since when its provider has been away, when it is tried next, and how often it was tried.
    down_time: Mapped[datetime | None]
    probe_time: Mapped[datetime | None]
    probe_count: Mapped[int] = mapped_column(server_default="0", default=0)
    #: Since when one of our own services has kept it waiting, when it last did, and the rows done by then.
    waits_since: Mapped[datetime | None]
    waits_seen: Mapped[datetime | None]
    waits_done: Mapped[int] = mapped_column(server_default="0", default=0)
    #: When its file was last looked for while no worker had it in work.
    file_seen: Mapped[datetime | None]
    #: How often its result file was begun and neither finished nor put off.
    assemblies: Mapped[int] = mapped_column(server_default="0", default=0)
    create_time: Mapped[datetime]
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]


class JobSettingRow(Base):
    """Settings for all jobs of an account; 0 stands for the installation's default."""

    __tablename__ = "job_setting"

    account: Mapped[str] = mapped_column(primary_key=True)
    parallel_calls: Mapped[int]


class ShardRow(Base):
    """A run of rows that one worker holds at a time.

    WAITING, QUEUED (a worker may claim it), RUNNING (a worker holds it), HALTED (begun, then given back by a
    pause or reopened for some of its rows), DONE.
    """

    __tablename__ = "shard"
    __table_args__ = (
        Index("shard_waiting", "job", "number", postgresql_where="state IN ('WAITING', 'HALTED')"),
        Index("shard_open", "job", postgresql_where="state IN ('QUEUED', 'RUNNING', 'HALTED')"),
    )

    job: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    first_row: Mapped[int]
    last_row: Mapped[int]
    state: Mapped[str]
    #: How many calls in flight the shard may have.
    calls: Mapped[int]
    #: The fence: each claim gets a higher number, and a write under an older one is dropped.
    fence: Mapped[int] = mapped_column(BigInteger)
    #: How often it was claimed since its last row was finished.
    claims: Mapped[int]
    succeeded: Mapped[int]
    failed: Mapped[int]
    skipped: Mapped[int] = mapped_column(server_default="0")
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    cost_nanos: Mapped[int] = mapped_column(BigInteger, server_default="0")


class BatchRow(Base):
    """A batch of rows of a shard at one step; a shard has at most one that is not DONE.

    NEW (recorded, perhaps uploaded), UPLOADED, MAKING (perhaps made), SENT, OVER (its answers can be read),
    COLLECTED (they were; its files are being deleted), DONE.
    """

    __tablename__ = "batch"
    __table_args__ = (Index("batch_open", "job", "shard", postgresql_where="state <> 'DONE'"),)

    job: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: By which it is found at the provider if the answer about it was lost.
    mark: Mapped[str]
    grant_id: Mapped[str]
    step: Mapped[int]
    rows: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    #: Rows that it answered, but not usably.
    left_rows: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")
    #: The optional parts of requests that were left out of its own.
    left_out: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    state: Mapped[str]
    #: The provider's ids: of the uploaded file, of the batch, and of what came back.
    input_file: Mapped[str] = mapped_column(server_default="")
    remote: Mapped[str] = mapped_column(server_default="")
    output_file: Mapped[str] = mapped_column(server_default="")
    error_file: Mapped[str] = mapped_column(server_default="")
    #: What is set aside for it of the job's budget, and what its answers cost so far.
    reserved_nanos: Mapped[int] = mapped_column(BigInteger, server_default="0")
    used_nanos: Mapped[int] = mapped_column(BigInteger, server_default="0")
    #: How often it was looked for after the answer about it was lost, and whether it was made a second time.
    looks: Mapped[int] = mapped_column(server_default="0")
    is_repeated: Mapped[bool] = mapped_column(server_default="false")
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_time: Mapped[datetime | None]


class UsageDayRow(Base):
    """An account's usage by day and model; slots keep concurrent commits from waiting for each other."""

    __tablename__ = "usage_day"

    account: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    usages: Mapped[int] = mapped_column(BigInteger)
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    cost_nanos: Mapped[int] = mapped_column(BigInteger)
    is_estimated: Mapped[bool] = mapped_column(server_default=false())


class ResultRow(Base):
    """A row's result: 0 under way (some steps are done), 1 succeeded, 2 failed, 3 skipped."""

    __tablename__ = "result"
    __table_args__ = (
        Index("result_failed", "job", "row", postgresql_where="state = 2"),
        Index("result_flagged", "job", "flags", postgresql_where="flags <> 0"),
    )

    job: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[int] = mapped_column(SmallInteger)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str]
    #: A bit for each flag (`flags.py`), and how complete the row's input was, 0 to 100.
    flags: Mapped[int] = mapped_column(server_default="0")
    confidence: Mapped[int] = mapped_column(SmallInteger, server_default="100")
    #: The outputs and the error message, sealed under the job's data key.
    payload: Mapped[bytes]


class WebhookRow(Base):
    """An address that gets messages about an account's jobs. A trigger on `job` makes the deliveries."""

    __tablename__ = "webhook"
    __table_args__ = (Index("webhook_by_account", "account", "create_time", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    display_name: Mapped[str]
    url: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    enabled: Mapped[bool]
    disabled_reason: Mapped[str]
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]


class WebhookSecretRow(Base):
    """A secret as the vault sealed it. The newest has no expiry; the one before it may stay valid a while."""

    __tablename__ = "webhook_secret"
    __table_args__ = (Index("webhook_secret_by_account", "account", "webhook", "generation"),)

    webhook: Mapped[str] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"), primary_key=True)
    generation: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account: Mapped[str]
    wrapped_secret: Mapped[bytes]
    expire_time: Mapped[datetime | None]


class WebhookGrantRow(Base):
    """An account's grant to sign messages to its webhooks, sealed by the vault; visits renew it."""

    __tablename__ = "webhook_grant"

    account: Mapped[str] = mapped_column(primary_key=True)
    sealed_grant: Mapped[bytes]
    expire_time: Mapped[datetime]


class WebhookDeliveryRow(Base):
    """A message to a webhook: its content and its state (PENDING, DELIVERED, FAILED)."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("webhook_delivery_by_webhook", "webhook", "create_time", "id"),
        Index("webhook_delivery_by_account", "account", "id"),
        Index("webhook_delivery_due", "next_attempt_time", postgresql_where="state = 'PENDING'"),
        Index("webhook_delivery_waiting", "webhook", postgresql_where="state = 'PENDING'"),
        Index("webhook_delivery_old", "create_time"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    webhook: Mapped[str] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    event: Mapped[str]
    job: Mapped[str] = mapped_column(server_default="")
    job_state: Mapped[str] = mapped_column(server_default="")
    pause_reason: Mapped[str] = mapped_column(server_default="")
    error_reason: Mapped[str] = mapped_column(server_default="")
    total: Mapped[int] = mapped_column(server_default="0")
    succeeded: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    skipped: Mapped[int] = mapped_column(server_default="0")
    create_time: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    #: Attempts before the owner requested it again; from there they are counted anew.
    attempts_before: Mapped[int] = mapped_column(server_default="0")
    #: The fence: each claim gets a higher number, and a note under an older one is dropped.
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    status_code: Mapped[int] = mapped_column(server_default="0")
    reason: Mapped[str] = mapped_column(server_default="")
    last_attempt_time: Mapped[datetime | None]
    #: When it may be claimed next. A claim moves this on, so the message comes back if its worker dies.
    next_attempt_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]


class AnswerRow(Base):
    """A sealed answer, kept while its job runs for rows with the same prompt, and found by a keyed code."""

    __tablename__ = "answer"

    job: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    code: Mapped[bytes] = mapped_column(primary_key=True)
    payload: Mapped[bytes]
