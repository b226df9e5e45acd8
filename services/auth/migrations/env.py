"""Runs auth's migrations."""

from services.auth.models import Base
from services.common.store.migrations import run_env

run_env(Base.metadata)
