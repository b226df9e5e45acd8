"""Reasons why the stack cannot start, each in one line that a person can act on."""


class CannotStart(Exception):
    """Printed as it is, without a traceback; never contains a secret."""


class Interrupted(Exception):
    """A person or the system asked the launcher to stop while it was still busy."""
