"""The installation itself: what it is and allows."""

from __future__ import annotations

from .call import Call, reading
from .methods import AsyncResource, Resource, awaiting, blocking
from .models import Installation


def get_installation() -> Call[Installation]:
    """Return the server's version, who may register, and its limits. Needs no token."""
    return Call("GET", "/v1/installation", reading(Installation))


class InstallationInfo(Resource):
    """What the server is and allows."""

    get = blocking(get_installation)


class AsyncInstallationInfo(AsyncResource):
    """What the server is and allows."""

    get = awaiting(get_installation)
