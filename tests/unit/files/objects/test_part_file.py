"""Parts on their way to the store hold what was put in, also after a longer one."""

from services.files.objects.part_file import PartFile


def test_a_part_takes_what_there_is_room_for() -> None:
    part = PartFile(10)
    assert bytes(part.fill(memoryview(b"01234567"))) == b""
    assert bytes(part.fill(memoryview(b"89abc"))) == b"abc"
    assert part.body().read() == b"0123456789"
    part.release()


def test_a_part_can_be_read_again_and_again_as_a_sender_does_that_repeats() -> None:
    part = PartFile(10)
    part.fill(memoryview(b"0123"))
    body = part.body()
    assert [body.read(), body.seek(0), body.read()] == [b"0123", 0, b"0123"]
    part.release()


def test_a_shorter_part_after_a_longer_one_has_nothing_of_it() -> None:
    part = PartFile(10)
    part.fill(memoryview(b"0123456789"))
    part.body().read()
    part.empty()
    part.fill(memoryview(b"ab"))
    assert part.body().read() == b"ab"
    part.release()
