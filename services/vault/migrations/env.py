"""How Alembic reaches the vault's database."""

from services.common.store.migrations import run_env
from services.vault.models import metadata

run_env(metadata)
