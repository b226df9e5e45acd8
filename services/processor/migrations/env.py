"""Runs the versions beside this file."""

from services.common.store.migrations import run_env
from services.processor.models import Base

run_env(Base.metadata)
