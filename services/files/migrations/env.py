"""Runs the migrations of files."""

from services.common.store.migrations import run_env
from services.files.models import Base

run_env(Base.metadata)
