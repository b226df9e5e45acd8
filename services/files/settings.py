"""Settings of files."""

from pathlib import Path

from pydantic import Field

from services.common.settings import ServiceSettings

MIB = 1024 * 1024


class FilesSettings(ServiceSettings):
    """What files needs beside what every service needs."""

    vault_address: str
    auth_address: str
    s3_endpoint: str
    #: Nothing else may keep objects in this bucket: what no row names is removed.
    s3_bucket: str = "smelt"
    s3_region: str = "us-east-1"
    s3_access_key_file: Path
    s3_secret_key_file: Path
    max_upload_bytes: int = Field(default=50 * MIB, ge=1)
    max_columns: int = Field(default=100, ge=1)
    max_rows: int = Field(default=50_000, ge=1)
    max_field_bytes: int = Field(default=131_072, ge=1)
    #: A row must fit into one message, also when its characters get longer in UTF-8.
    max_row_bytes: int = Field(default=MIB, ge=1, le=MIB)
    max_result_bytes: int = Field(default=2048 * MIB, ge=1)
    #: Each upload that runs keeps two parts of 16 MiB at most on the disk: one fills, and one is sent.
    uploads_at_once: int = Field(default=8, ge=1, le=64)
    #: So many of them are read in processes of their own, of some 30 MiB each, once they are large.
    parsing_processes: int = Field(default=2, ge=0, le=64)
    upload_seconds: float = Field(default=600, gt=0)
    #: Threads that read objects, and as many that write results.
    object_threads: int = Field(default=8, ge=2, le=64)
    sweep_seconds: float = Field(default=30, gt=0)
    #: How old an object without a row must be to be removed, and an upload that nobody has ended. Longer
    #: than any write takes: a data export has six hours, and some servers date an object from its beginning.
    orphan_seconds: int = Field(default=8 * 3600, ge=1)
    temporary_result_seconds: int = Field(default=3600, ge=1)
    #: Days after which everybody's files are removed; 0 keeps them until they are deleted.
    file_retention_days: int = Field(default=0, ge=0, le=36_500)
