"""The sockets that a process listens on, as Linux reports them."""

import ipaddress
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LISTENING_TCP, _LISTENING_UNIX = "0A", 0x10000


@dataclass(frozen=True, slots=True)
class Door:
    """A listening socket: the family is `tcp` or `unix`, the address an IP address or a path."""

    family: str
    address: str
    port: int = 0


def listening(pid: int) -> set[Door]:
    """Every socket of the process that accepts connections, of TCP (and UDP that is bound) and Unix."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            target = os.readlink(link)
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    return {door for inode, door in _doors(pid) if inode in inodes}


def _doors(pid: int) -> list[tuple[str, Door]]:
    found = []
    for name in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            # A bound UDP socket has no such state: all of them count that are not connected.
            if fields[3] == _LISTENING_TCP or (name.startswith("udp") and fields[2].endswith(":0000")):
                host, port = fields[1].split(":")
                found.append((fields[9], Door(name[:3], _address(host), int(port, 16))))
    for line in Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        fields = line.split(maxsplit=7)
        if int(fields[3], 16) & _LISTENING_UNIX:
            found.append((fields[6], Door("unix", fields[7] if len(fields) > 7 else "")))
    return found


def _address(text: str) -> str:
    """The kernel prints each 32 bits in the machine's order."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    address = ipaddress.ip_address(struct.pack(f"={len(words)}I", *words))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
