"""The cookie in which a browser keeps its session, where no script can read it.

The prefix `__Host-` makes browsers refuse one that another host, another path or plain http has set. The
gateway reads it (`gateway/edge.lua`) and passes the token on as programs send it; no service sees a cookie.
"""

from email.utils import format_datetime

from smelt.auth.v1 import sessions_pb2

from services.auth.sessions.sessions import SignedToken
from services.common.rpc.servicing import Context

_COOKIE = "__Host-smelt={}; Path=/; Secure; HttpOnly; SameSite=Strict"
_KEY = "set-cookie"
#: The header that makes a browser forget its session.
FORGOTTEN = ((_KEY, f"{_COOKIE.format('')}; Max-Age=0"),)


async def answer_sign_in(
    answer: sessions_pb2.CreateSessionResponse,
    token: SignedToken,
    context: Context,
    *,
    in_cookie: bool,
    headers: tuple[tuple[str, str], ...] = (),
) -> sessions_pb2.CreateSessionResponse:
    """Return the answer to a sign-in after its `headers` are sent. With `in_cookie`, the token is one of
    them, for as long as the session can last, and no longer in the answer."""
    if in_cookie:
        answer.token = ""
        end = format_datetime(token.expire_time, usegmt=True)
        headers = (*headers, (_KEY, f"{_COOKIE.format(token.token)}; Expires={end}"))
    if headers:
        await context.send_initial_metadata(headers)
    return answer
