"""Where a row went wrong: which line to blame for a quote that does not fit."""

from collections.abc import Sequence


def faulty_line(lines: Sequence[str], delimiter: str) -> int:
    """Return the index of the line on which the first field begins that is unclosed or followed by junk.

    When there is none, the index of the line on which the last field begins.
    """
    began, quoted = 0, False
    for index, line in enumerate(lines):
        at = 0
        if not quoted:
            began, quoted = index, line.startswith('"')
            at = int(quoted)
        while at < len(line):
            if quoted:
                at = line.find('"', at) + 1
                if not at:
                    break
                if line.startswith('"', at):
                    at += 1
                    continue
                quoted = False
                if not line.startswith((delimiter, "\r", "\n"), at) and at < len(line):
                    return began
            at = line.find(delimiter, at) + 1
            if not at:
                break
            began, quoted = index, line.startswith('"', at)
            at += int(quoted)
    return began
