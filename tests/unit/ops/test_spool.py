"""The spool of the log while its receiver writes: files get their final names at any moment."""

import os
from pathlib import Path

from ops.archive.shipper import _size


def test_a_file_that_was_renamed_while_the_spool_is_counted_counts_nothing(tmp_path: Path) -> None:
    growing = tmp_path / "000000010000000000000008.partial"
    growing.write_bytes(b"12345")
    (tmp_path / "folder").mkdir()
    entries = {entry.name: entry for entry in os.scandir(tmp_path)}
    seen_before = {entry.name: entry for entry in os.scandir(tmp_path)}
    assert [_size(entries[growing.name]), _size(entries["folder"])] == [5, 0]
    growing.rename(growing.with_suffix(""))
    assert _size(seen_before[growing.name]) == 0
