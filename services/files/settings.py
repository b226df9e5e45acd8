"""Settings of files."""

from pathlib import Path

from pydantic import Field

from services.common.settings import ServiceSettings

MIB = 1024 * 1024


class FilesSettings(ServiceSettings):
    """What files needs in addition to the settings of every service."""

    vault_address: str
    auth_address: str
    s3_endpoint: str
    #: The bucket must be used by this service only: the sweep removes objects that no row names.
    s3_bucket: str = "smelt"
    s3_region: str = "us-east-1"
    s3_access_key_file: Path
    s3_secret_key_file: Path
    max_upload_bytes: int = Field(default=50 * MIB, ge=1)
    #: How many files an account may have. Too low, and people must delete what they need; too high lets one
    #: account fill the object store: each file may have `max_upload_bytes`.
    max_files: int = Field(default=1000, ge=1)
    #: How long an upload that could not be read is kept, so that `:reparse` can read it with other options.
    #: Too short, and people must send it again; longer keeps more that nobody asked for.
    refused_upload_seconds: int = Field(default=3600, ge=1, le=86_400)
    #: How many of these an account may have; one more replaces the oldest. Each may have `max_upload_bytes`.
    max_refused_uploads: int = Field(default=10, ge=1, le=1000)
    max_columns: int = Field(default=100, ge=1)
    max_rows: int = Field(default=50_000, ge=1)
    max_field_bytes: int = Field(default=131_072, ge=1)
    #: A row must fit into one gRPC message, even if its characters take more bytes in UTF-8. Smaller values
    #: refuse files with long rows.
    max_row_bytes: int = Field(default=MIB, ge=1, le=MIB)
    max_result_bytes: int = Field(default=2048 * MIB, ge=1)
    #: Uploads that run at once; further ones are refused with UNAVAILABLE and a time to try again. Each takes
    #: a thread and up to 32 MiB on the disk: two parts, of which one fills while the other is sent. Too
    #: large, and memory or the disk runs out; too small, and the service refuses people while it is idle.
    uploads_at_once: int = Field(default=8, ge=1, le=64)
    #: The uploads that one account can have among them; unset, half of them. With all of them, one account
    #: could keep everybody else from uploading.
    uploads_per_account: int | None = Field(default=None, ge=1)
    #: The uploads from one client address (IPv6: /64) among them; unset, three quarters. Where many people
    #: share an address, make it as large as `uploads_at_once`.
    uploads_per_address: int | None = Field(default=None, ge=1)
    #: The least average speed of an upload, after ten seconds of grace; eight times as much is expected while
    #: others wait. Too high, and people on slow lines cannot upload; too low, and trickling uploads keep
    #: their places.
    upload_least_bytes_per_second: int = Field(default=8192, ge=1)
    #: Large uploads that are read in child processes, of about 30 MiB each. Further large uploads are read in
    #: threads, which slows down everything else that this process does.
    parsing_processes: int = Field(default=2, ge=0, le=64)
    #: What the parts of a workbook may take unpacked, all together. Far more than a sheet of the largest
    #: allowed table takes, and zip bombs keep a processor busy; less, and such sheets are refused.
    max_workbook_bytes: int = Field(default=512 * MIB, ge=1)
    #: Workbooks that are worked on at once, each in a process of its own; others wait for their turn, five
    #: minutes at most. More take more memory, each up to `workbook_memory_bytes`.
    workbooks_at_once: int = Field(default=1, ge=1, le=64)
    #: Memory that a workbook may take beyond the 30 MiB of its process. A sheet of 50,000 rows and 20 columns
    #: takes about 100 MiB; too little, and large workbooks are refused.
    workbook_memory_bytes: int = Field(default=512 * MIB, ge=64 * MIB)
    #: Seconds of a processor that a workbook may take. A sheet of a million cells takes about three, in an
    #: unusual form of XML 20; too few, and large workbooks are refused; too many, and others wait longer.
    workbook_seconds: int = Field(default=60, ge=1, le=240)
    upload_seconds: float = Field(default=600, gt=0)
    #: Threads that read objects, and as many again that write results. Too few, and downloads wait for each
    #: other; each one more takes a connection to the object store.
    object_threads: int = Field(default=8, ge=2, le=64)
    sweep_seconds: float = Field(default=30, gt=0)
    #: Age at which an object without a row, or an upload that was never completed, is removed. It must exceed
    #: the duration of any write, or the sweep removes what is still being written: a data export may take six
    #: hours, and some servers date an object from its beginning. Larger values only keep orphans longer.
    orphan_seconds: int = Field(default=8 * 3600, ge=1)
    #: For how many days objects outlive the rows of files and results that were removed, and objects that no
    #: row names. A restore to a moment before then has its rows again and needs their objects, so this must
    #: be at least the window of the backups (`SMELT_BACKUP_WINDOW_DAYS`). Longer only takes more room.
    discard_delay_days: int = Field(default=7, ge=0, le=365)
    temporary_result_seconds: int = Field(default=3600, ge=1)
    #: Days after which files of all accounts are removed; 0 keeps them until they are deleted.
    file_retention_days: int = Field(default=0, ge=0, le=36_500)
