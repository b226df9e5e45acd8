"""The erasure ledger: added to, checked, and every way of editing it named."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from services.vault.erasure.ledger import EntryKind, LedgerChain, LedgerDamaged, LedgerUnavailable, Tombstone
from services.vault.erasure.ledger_file import LedgerFile

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
KEY = bytearray(range(32))


@pytest.fixture
def ledger(tmp_path: Path) -> LedgerFile:
    return LedgerFile(tmp_path, LedgerChain.of(KEY, "installation1"))


def fill(ledger: LedgerFile, count: int) -> list[bytes]:
    reader = ledger.reader()
    for n in range(count):
        ledger.append(reader, Tombstone(EntryKind.ACCOUNT, f"account{n}"), now=NOW, noted=n)
    return ledger.path.read_bytes().splitlines(keepends=True)


def accounts(ledger: LedgerFile, most: int = 3) -> list[str]:
    reader, found = ledger.reader(), []
    while entries := ledger.follow(reader, most=most):
        found += [entry.tombstone.account for entry in entries]
    return found


def test_what_was_added_is_read_back_in_order(ledger: LedgerFile) -> None:
    assert accounts(ledger) == []
    fill(ledger, 10)
    assert accounts(ledger) == [f"account{n}" for n in range(10)]
    assert ledger.path.stat().st_mode & 0o777 == 0o600
    (entry,) = ledger.follow(ledger.reader(), most=1)
    assert (entry.seq, entry.time, entry.noted) == (1, NOW, 0)


def test_an_entry_tells_which_account_and_nothing_of_its_data(ledger: LedgerFile) -> None:
    line = orjson.loads(fill(ledger, 1)[0])
    assert {**line, "mac": ""} == {
        "seq": 1,
        "time": "2030-01-02T03:04:05.678901+00:00",
        "kind": "account",
        "account": "account0",
        "object": "",
        "noted": 0,
        "mac": "",
    }


EDITS: dict[str, tuple[int, Callable[[list[bytes]], list[bytes]]]] = {
    "another account": (3, lambda all: [*all[:2], all[2].replace(b"account2", b"account7"), *all[3:]]),
    "another time": (3, lambda all: [*all[:2], all[2].replace(b"2030", b"2031"), *all[3:]]),
    "another kind": (3, lambda all: [*all[:2], all[2].replace(b'"account",', b'"api-key",'), *all[3:]]),
    "less noted": (3, lambda all: [*all[:2], all[2].replace(b'"noted":2', b'"noted":0'), *all[3:]]),
    "one dropped": (3, lambda all: [*all[:2], *all[3:]]),
    "two exchanged": (2, lambda all: [all[0], all[2], all[1], *all[3:]]),
    "one twice": (4, lambda all: [*all[:3], *all[2:]]),
    "the first cut": (1, lambda all: all[1:]),
    "white space": (3, lambda all: [*all[:2], all[2].replace(b",", b", "), *all[3:]]),
    "not JSON": (3, lambda all: [*all[:2], b"account2\n", *all[3:]]),
    "a list": (3, lambda all: [*all[:2], b"[]\n", *all[3:]]),
    "a number": (3, lambda all: [*all[:2], b"7\n", *all[3:]]),
    "an empty line": (3, lambda all: [*all[:2], b"\n", *all[2:]]),
    "no end of lines": (6, lambda all: [*all, b"x" * 10_000]),
}


@pytest.mark.promise("S13")
@pytest.mark.parametrize("edit", EDITS)
def test_the_first_entry_that_was_edited_is_named(ledger: LedgerFile, edit: str) -> None:
    bad, change = EDITS[edit]
    lines = fill(ledger, 5)
    ledger.path.write_bytes(b"".join(change(lines)))
    with pytest.raises(LedgerDamaged, match=rf"^Entry {bad} "):
        accounts(ledger)
    before = ledger.path.read_bytes()
    with pytest.raises(LedgerDamaged, match=rf"^Entry {bad} "):
        ledger.append(ledger.reader(), Tombstone(EntryKind.ACCOUNT, "a"), now=NOW, noted=0)
    assert ledger.path.read_bytes() == before


@pytest.mark.promise("S13")
def test_every_flipped_bit_of_an_entry_is_found(ledger: LedgerFile) -> None:
    content = b"".join(fill(ledger, 3))
    start, end = (content.index(b"\n") + 1, content.rindex(b"\n", 0, -1))
    for bit in range(start * 8, end * 8):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        ledger.path.write_bytes(flipped)
        with pytest.raises(LedgerDamaged, match=r"^Entry 2 "):
            accounts(ledger)


def test_a_ledger_of_another_installation_or_key_is_not_ours(ledger: LedgerFile) -> None:
    fill(ledger, 2)
    for key, installation in ((KEY, "installation2"), (bytearray(32), "installation1")):
        with pytest.raises(LedgerDamaged, match=r"^Entry 1 "):
            accounts(LedgerFile(ledger.directory, LedgerChain.of(key, installation)))


def test_a_torn_last_line_gives_its_place_to_the_next_entry(ledger: LedgerFile) -> None:
    lines = fill(ledger, 3)
    for torn in (lines[2][:1], lines[2][:-1], b"\0" * 300):
        ledger.path.write_bytes(b"".join(lines[:2]) + torn)
        assert accounts(ledger) == ["account0", "account1"]
        ledger.append(ledger.reader(), Tombstone(EntryKind.ACCOUNT, "next"), now=NOW, noted=0)
        assert accounts(ledger) == ["account0", "account1", "next"]


def test_a_ledger_that_was_cut_behind_a_reader_is_noticed(ledger: LedgerFile) -> None:
    lines = fill(ledger, 3)
    reader = ledger.reader()
    assert len(ledger.follow(reader, most=9)) == 3
    ledger.path.write_bytes(b"".join(lines[:2]))
    with pytest.raises(LedgerDamaged, match="cut before the end of entry 3"):
        ledger.append(reader, Tombstone(EntryKind.ACCOUNT, "next"), now=NOW, noted=0)


def test_writers_at_once_leave_one_whole_chain(ledger: LedgerFile) -> None:
    def write(name: str) -> None:
        mine = LedgerFile(ledger.directory, ledger.chain)
        reader = mine.reader()
        for n in range(40):
            mine.append(reader, Tombstone(EntryKind.API_KEY, name, f"apiKeys/{n}"), now=NOW, noted=0)

    writers = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert sorted(accounts(ledger)) == sorted(f"w{n}" for n in range(4) for _ in range(40))


def test_a_ledger_that_cannot_be_written_says_so(ledger: LedgerFile) -> None:
    elsewhere = ledger.directory / "elsewhere"
    elsewhere.write_bytes(b"")
    ledger.path.symlink_to(elsewhere)
    with pytest.raises(LedgerUnavailable):
        ledger.append(ledger.reader(), Tombstone(EntryKind.ACCOUNT, "a"), now=NOW, noted=0)
    missing = LedgerFile(ledger.directory / "missing", ledger.chain)
    with pytest.raises(LedgerUnavailable):
        missing.append(missing.reader(), Tombstone(EntryKind.ACCOUNT, "a"), now=NOW, noted=0)


def test_a_full_disk_leaves_the_ledger_as_it_was(ledger: LedgerFile, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = fill(ledger, 2)
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: write(fd, data[:20], at))
    with pytest.raises(LedgerUnavailable):
        ledger.append(ledger.reader(), Tombstone(EntryKind.ACCOUNT, "a"), now=NOW, noted=0)
    assert ledger.path.read_bytes() == b"".join(lines)
