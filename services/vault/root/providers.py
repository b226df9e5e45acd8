"""Chooses the root provider that the settings name."""

from services.vault.root.env import RootKeyVariable
from services.vault.root.key import RootKeyFile, RootProvider
from services.vault.settings import KeyFileSettings


def chosen(settings: KeyFileSettings) -> RootProvider:
    """Return the provider that holds the root key."""
    if settings.vault_root_provider == "env":
        return RootKeyVariable()
    if settings.vault_root_provider == "aws-kms":
        # Imported here, so that boto3 is loaded only where it is used.
        from services.vault.root.kms import KmsAccess, KmsForm

        access = KmsAccess(
            key_id=settings.vault_kms_key_id,
            region=settings.vault_kms_region,
            endpoint=settings.vault_kms_endpoint,
            installation=settings.vault_kms_installation,
        )
        return RootKeyFile(settings.vault_root_key_file, KmsForm(access))
    return RootKeyFile(settings.vault_root_key_file)
