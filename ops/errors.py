"""Errors of `smelt-ops`: each is a sentence for the operator."""


class OpsError(Exception):
    """The command cannot do what it was asked; the text says why, and what to do next. It holds no secret."""


class Damaged(OpsError):
    """Something in the archive is missing, altered or opened by another identity; the text names it."""


class OutsideWindow(OpsError):
    """No backup and no log can bring the moment back; the text says which moments there are."""
