"""Every process of the product, with its settings class."""

import importlib
from collections.abc import Mapping

from services.common.settings import Settings

_CLASSES: Mapping[str, tuple[str, str]] = {
    "auth": ("services.auth.settings", "AuthSettings"),
    "vault": ("services.vault.settings", "VaultSettings"),
    "files": ("services.files.settings", "FilesSettings"),
    "processor": ("services.processor.settings", "ProcessorSettings"),
    "worker": ("services.processor.settings", "WorkerSettings"),
    "operator": ("services.vault.settings", "OperatorSettings"),
    "gateway": ("gateway.settings", "GatewaySettings"),
    "wal": ("ops.settings", "WalSettings"),
    "backup": ("ops.settings", "ClusterSettings"),
    "verify": ("ops.settings", "StoreSettings"),
    "keystore": ("ops.settings", "KeystoreSettings"),
    "ledger": ("ops.settings", "LedgerSettings"),
    "restore": ("ops.settings", "OpeningSettings"),
    "launcher": ("deploy.local.settings", "LauncherSettings"),
}
# Commands that read less than the process they prepare.
_COMMANDS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("auth", "migrate"): ("services.common.settings", "MigrationSettings"),
    ("files", "migrate"): ("services.common.settings", "MigrationSettings"),
    ("processor", "migrate"): ("services.common.settings", "MigrationSettings"),
    ("vault", "migrate"): ("services.vault.settings", "StoreSettings"),
    ("vault", "init"): ("services.vault.settings", "KeyFileSettings"),
}
PROCESSES = tuple(_CLASSES)


def settings_of(process: str, command: str = "") -> type[Settings]:
    """Return the settings class of a process, or of one of its commands."""
    module, name = _COMMANDS.get((process, command), _CLASSES[process])
    found: type[Settings] = getattr(importlib.import_module(module), name)
    return found


def variables(of: type[Settings]) -> dict[str, bool]:
    """Return the environment variables of a settings class, and whether each is required."""
    return {f"SMELT_{name.upper()}": field.is_required() for name, field in of.model_fields.items()}
