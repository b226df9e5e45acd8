"""How many key releases the grant of a job allows."""

from services.processor.provider.failures import ATTEMPTS

#: Crashed workers whose calls in flight a job's release budget covers once more, and how many those are.
TAKEOVERS = 8
MOST_IN_FLIGHT = 1000


def release_budget(rows: int, templates: int) -> int:
    """Return how many key releases a job may use: every attempt of every call, and slack for takeovers.

    The vault allows no more than this to a grant, whatever the grant says.
    """
    calls = rows * templates
    return calls * ATTEMPTS + TAKEOVERS * min(calls, MOST_IN_FLIGHT)
