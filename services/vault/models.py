"""Tables of the vault's database: provider keys as blobs, grants and their uses, the audit chains."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

from services.common.store import generations, idempotency

metadata = MetaData()

api_keys = Table(
    "api_keys",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("suite", SmallInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    Column("create_time", DateTime(timezone=True), nullable=False),
    Column("last_used_time", DateTime(timezone=True)),
    Column("last_test_result", Text),
    Column("last_tested_time", DateTime(timezone=True)),
    Column("kind", Text, nullable=False, server_default="OPENAI"),
    # 0 means as long as the installation says.
    Column("timeout_seconds", Integer, nullable=False, server_default="0"),
    CheckConstraint("kind IN ('OPENAI', 'AZURE_OPENAI')", name="api_keys_kind"),
    CheckConstraint("timeout_seconds = 0 OR timeout_seconds BETWEEN 5 AND 900", name="api_keys_timeout"),
    CheckConstraint(
        "(last_test_result IS NULL) = (last_tested_time IS NULL)"
        " AND last_test_result IN ('VALID', 'INVALID', 'NO_CREDITS', 'UNREACHABLE')",
        name="api_keys_test",
    ),
    Index("api_keys_newest", "account", "create_time", "id"),
)
# One active key per account, even when several requests come at once.
Index("api_keys_one_active", api_keys.c.account, unique=True, postgresql_where=api_keys.c.active)

grants = Table(
    "grants",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("ref", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("used", BigInteger, nullable=False, server_default="0"),
    Column("expire_time", DateTime(timezone=True), nullable=False, index=True),
    Column("revoke_time", DateTime(timezone=True)),
    # When a worker first showed the grant; the brake counts these.
    Column("met_time", DateTime(timezone=True)),
    Index("grants_met_lately", "met_time", postgresql_where=text("met_time IS NOT NULL")),
    CheckConstraint("used >= 0", name="grants_used_not_negative"),
)

# Apart from the audit log, whose months can be dropped: a use must be found for as long as its grant lives.
grant_uses = Table(
    "grant_uses",
    metadata,
    Column("grant_ref", BigInteger, primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("template", Integer, primary_key=True),
    Column("claim", BigInteger, primary_key=True),
    Column("attempt", Integer, primary_key=True),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)

# Partitioned by month of `time`; the writer creates the partition of the next month in advance.
audit_records = Table(
    "audit_records",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("time", DateTime(timezone=True), primary_key=True),
    Column("account", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Index("audit_records_of_object", "account", "object", "time"),
    # Owners' lists of events leave releases out, and nearly all records are releases.
    Index("audit_records_of_account", "account", "time", postgresql_where=text("action <> 'release'")),
    postgresql_partition_by="RANGE (time)",
)

# Accounts whose keys were destroyed. Their grants are refused, including grants that are shown later.
ended_accounts = Table(
    "ended_accounts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("end_time", DateTime(timezone=True), nullable=False),
)

# One row: how far this copy of the database has followed the erasure ledger, and since when grants count:
# those signed before the last restore may have been used or ended in what was lost.
erasure_state = Table(
    "erasure_state",
    metadata,
    Column("single", Boolean, primary_key=True, server_default="true"),
    Column("seq", BigInteger, nullable=False, server_default="0"),
    Column("mac", LargeBinary, nullable=False, server_default=""),
    Column("grants_not_before", DateTime(timezone=True)),
    CheckConstraint("single", name="erasure_state_is_one"),
)

repeated = idempotency.table(metadata)
account_generation = generations.table(metadata)
