"""The store that the settings name."""

from ops.settings import StoreSettings
from ops.stores.directory import Directory
from ops.stores.s3 import bucket
from ops.stores.store import Store
from services.common.settings import read_secret


def chosen(settings: StoreSettings) -> Store:
    """Open the store; nothing is asked of it yet."""
    if settings.backup_dir is not None:
        return Directory(settings.backup_dir)
    assert settings.backup_s3_access_key_file is not None
    assert settings.backup_s3_secret_key_file is not None
    return bucket(
        endpoint=settings.backup_s3_endpoint,
        name=settings.backup_s3_bucket,
        region=settings.backup_s3_region,
        access_key=read_secret(settings.backup_s3_access_key_file),
        secret_key=read_secret(settings.backup_s3_secret_key_file),
    )
