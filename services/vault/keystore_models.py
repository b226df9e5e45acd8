"""Tables of the key store, a database in a cluster of its own that is kept out of WAL archiving."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

# One row: which installation this is, and which keys open it.
installation = Table(
    "installation",
    metadata,
    Column("single", Boolean, primary_key=True, server_default="true"),
    Column("id", Text, nullable=False),
    Column("root_key_id", Text, nullable=False),
    Column("wrapping_version", BigInteger, nullable=False),
    # Versions below it are refused. While it differs from the version, a rotation is under way.
    Column("wrapping_minimum", BigInteger, nullable=False),
    Column("wrapping_uses", BigInteger, nullable=False),
    Column("create_time", DateTime(timezone=True), nullable=False),
    CheckConstraint("single", name="installation_is_one"),
    CheckConstraint("wrapping_minimum <= wrapping_version", name="installation_minimum"),
)

# The row of a destroyed key stays, so that the account never gets another key.
account_keys = Table(
    "account_keys",
    metadata,
    Column("account", Text, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("state", Text, nullable=False),
    Column("wrapped", LargeBinary),
    Column("uses", BigInteger, nullable=False),
    Column("create_time", DateTime(timezone=True), nullable=False),
    Column("retire_time", DateTime(timezone=True)),
    Column("destroy_time", DateTime(timezone=True)),
    CheckConstraint("state IN ('active', 'retired', 'destroyed')", name="account_keys_state"),
    CheckConstraint("(wrapped IS NULL) = (state = 'destroyed')", name="account_keys_destroyed"),
    CheckConstraint("state <> 'retired' OR retire_time IS NOT NULL", name="account_keys_retired"),
)
Index(
    "account_keys_one_active",
    account_keys.c.account,
    unique=True,
    postgresql_where=account_keys.c.state == "active",
)

# Retired epochs are few, and are looked up every few seconds.
Index("account_keys_retired_of", account_keys.c.account, postgresql_where=account_keys.c.state == "retired")

# For each owner of data keys: it has no data keys of the account under an epoch before this one.
epoch_confirmations = Table(
    "epoch_confirmations",
    metadata,
    Column("account", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
)

system_keys = Table(
    "system_keys",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("create_time", DateTime(timezone=True), nullable=False),
    CheckConstraint("state IN ('active', 'retired')", name="system_keys_state"),
)
Index(
    "system_keys_one_active",
    system_keys.c.kind,
    unique=True,
    postgresql_where=system_keys.c.state == "active",
)

# The newest generation of each object, and whether it is deleted. Older rows of the vault's database that
# were put back, from a backup or by hand, are recognised by it.
objects = Table(
    "objects",
    metadata,
    Column("account", Text, primary_key=True),
    Column("object", Text, primary_key=True),
    Column("generation", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False),
)

# One row: how far this copy has followed the erasure ledger; which version of the wrapping key a ratchet must
# replace, and since when, because keys under it were destroyed; and whether this copy was restored from a
# backup and still needs a replay of the erasures.
erasure_state = Table(
    "erasure_state",
    metadata,
    Column("single", Boolean, primary_key=True, server_default="true"),
    Column("seq", BigInteger, nullable=False, server_default="0"),
    Column("mac", LargeBinary, nullable=False, server_default=""),
    Column("ratchet_beyond", BigInteger),
    Column("due_time", DateTime(timezone=True)),
    Column("restored", Boolean, nullable=False, server_default="false"),
    CheckConstraint("single", name="erasure_state_is_one"),
    CheckConstraint("(ratchet_beyond IS NULL) = (due_time IS NULL)", name="erasure_state_due"),
)

# Root keys that an operator has confirmed to be written down.
escrows = Table(
    "escrows",
    metadata,
    Column("root_key_id", Text, primary_key=True),
    Column("confirm_time", DateTime(timezone=True), nullable=False),
)
