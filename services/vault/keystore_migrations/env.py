"""How Alembic reaches the key store."""

from services.common.store.migrations import run_env
from services.vault.keystore_models import metadata

run_env(metadata)
