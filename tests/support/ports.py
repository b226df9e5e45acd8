"""Ports for servers that tests start: a block that this process holds until it ends."""

from deploy.local.errors import CannotStart
from deploy.local.ports import PortBlock

# Blocks are never released: another process could take a released port a moment later.
_blocks: list[PortBlock] = []


def free_port() -> int:
    """Return a loopback port that nothing listens on and that no other test process will choose."""
    try:
        if _blocks:
            return _blocks[-1].take()
    except CannotStart:
        pass
    _blocks.append(PortBlock.reserve())
    return _blocks[-1].take()
