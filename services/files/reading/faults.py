"""Which line of a row to name in the error about a misplaced quote."""

from collections.abc import Sequence


def faulty_line(lines: Sequence[str], delimiter: str) -> int:
    """Return the index of the line on which the first faulty field begins: unclosed, or followed by text.

    Without a faulty field, return the index of the line on which the last field begins.
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
