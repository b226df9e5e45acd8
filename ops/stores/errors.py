"""How a place for backups can fail."""

from ops.errors import OpsError


class StoreUnavailable(OpsError):
    """The place does not answer or refuses; it may work later."""


class NoSuchObject(OpsError):
    """There is no object of this name."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the archive has no {key}")
        self.key = key
