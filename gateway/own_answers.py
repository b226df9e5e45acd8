"""What the edge answers itself: no service is asked, no session is needed, and nothing of a body is kept."""

from gateway.bodies import AFTER_A_PAUSE, UNBUFFERED
from gateway.filters import AUTHORISATION, TRANSCODER
from gateway.limits import UNLIMITED
from gateway.parts import Config, headers, typed
from services.common.rpc.hearing_out import REFUSED_LATER

OPEN = {AUTHORISATION: typed("envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute", disabled=True)}
# A refusal while a file is being sent never reaches simple clients, so the service makes it: once it has read
# the rest.
ADMITTED_LATER = {
    AUTHORISATION: typed(
        "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
        check_settings={"context_extensions": {REFUSED_LATER: ""}},
    )
}
# The transcoder would respond before the router, so it is off on routes that the router itself answers.
_UNTRANSCODED = {TRANSCODER: typed("envoy.config.route.v3.FilterConfig", disabled=True)}
# What the edge answers itself is answered before the body has arrived, and nothing of the body is kept.
_ANSWERED_HERE = {**OPEN, **AFTER_A_PAUSE, **UNBUFFERED, **_UNTRANSCODED, **UNLIMITED}


def shown(match: Config, body: Config, said: dict[str, str], *conditions: Config) -> Config:
    """The route of a document, for GET and HEAD; `said` are its headers, `conditions` further ones of the
    request that must match."""
    method = {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}}
    return {
        "match": {**match, "headers": [method, *conditions]},
        "direct_response": {"status": 200, "body": body},
        "response_headers_to_add": headers(said),
        "typed_per_filter_config": dict(_ANSWERED_HERE),
    }


def refused(status: int, match: Config) -> Config:
    """The route of a refusal."""
    return {
        "match": match,
        "direct_response": {"status": status},
        "typed_per_filter_config": dict(_ANSWERED_HERE),
    }
