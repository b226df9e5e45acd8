"""Stored grants, opened by the vault and kept in memory while this process is likely to need them."""

from collections import OrderedDict

from services.processor.outside import OpensGrants

#: Grants that a process keeps, about a kilobyte each. Fewer than jobs in work, and the vault is asked for
#: each shard.
_MOST_KEPT = 1000


class OpenedGrants:
    """Opens sealed grants, each once. They are never written anywhere."""

    def __init__(self, vault: OpensGrants, *, most_kept: int = _MOST_KEPT) -> None:
        self._vault = vault
        self._most_kept = most_kept
        self._opened: OrderedDict[bytes, str] = OrderedDict()

    async def open(self, sealed: bytes | None, *, older: str = "") -> str:
        """Return a grant; `older` is the one of a job that an older version started, which was not sealed.

        Raises GRANT_INVALID if it does not open.
        """
        if not sealed:
            return older
        token = self._opened.get(sealed)
        if token is None:
            token = await self._vault.open_grant(sealed)
            self._opened[sealed] = token
            while len(self._opened) > self._most_kept:
                self._opened.popitem(last=False)
        else:
            self._opened.move_to_end(sealed)
        return token
