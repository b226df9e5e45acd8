"""Ports for servers that tests start themselves: a block of this process's own, held until it ends."""

from deploy.local.errors import CannotStart
from deploy.local.ports import PortBlock

# Every block stays held: a port that was given back could be another process's a moment later.
_blocks: list[PortBlock] = []


def free_port() -> int:
    """Return a loopback port that nothing listens on and no other test process will choose."""
    try:
        if _blocks:
            return _blocks[-1].take()
    except CannotStart:
        pass
    _blocks.append(PortBlock.reserve())
    return _blocks[-1].take()
