"""Settings of auth."""

import os

from pydantic import Field

from services.common.settings import ServiceSettings


class AuthSettings(ServiceSettings):
    """What auth needs beside what every service needs."""

    vault_address: str
    #: The longest life of a session; its token cannot live longer than 30 days.
    session_days: int = Field(default=30, ge=1, le=30)
    #: A session that is not used for so long has ended.
    session_idle_days: int = Field(default=7, ge=1, le=30)
    bcrypt_threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256)
