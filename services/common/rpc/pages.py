"""Page tokens as strangers hold them: each carries a code over what it says and over the list that made it.

Servicers make and read tokens in the clear. The guard adds the code on the way out and takes it off on the
way in, for each method that people call, so no list can be left out. A token continues only the same list: of
the same method, account, filter and order. Only the page's size may change (AIP-158).
"""

import base64
import binascii
import hmac
import secrets
from hashlib import sha256
from typing import Any, Protocol

from google.protobuf.message import Message

from services.common import identity
from services.common.identity import Allow
from services.common.paging import PageTokenInvalid

KEY_BYTES = 32
#: A guess at 128 bits never succeeds, and longer codes would lengthen addresses.
_CODE_BYTES = 16
#: These may differ from page to page; all other fields belong to the list.
_OF_THE_PAGE = ("page_token", "page_size")


class PageKeySource(Protocol):
    """Provides the key of the codes, the same for all replicas of a service."""

    async def page_key(self) -> bytes:
        """Return 32 bytes; raise Unavailable."""
        ...


class KnownPageKey:
    """A key that is known already; without one, a random key, whose tokens end with the process."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = secrets.token_bytes(KEY_BYTES) if key is None else key

    async def page_key(self) -> bytes:
        return self._key


class Pages:
    """Opens the page tokens of requests, and seals those of answers."""

    def __init__(self, keys: PageKeySource) -> None:
        self._keys = keys

    async def open(self, request: Any, method: str, allow: Allow | None) -> None:
        """Put the token in the clear into a request; raise PageTokenInvalid if this list did not make it."""
        if not _is_for_people(allow) or not getattr(request, "page_token", ""):
            return
        code, text = _parted(request.page_token)
        if not hmac.compare_digest(code, await self._code(text, request, method)):
            raise PageTokenInvalid
        request.page_token = text

    async def seal(self, answer: Any, request: Any, method: str, allow: Allow | None) -> None:
        """Add the code to the token in an answer."""
        if not _is_for_people(allow) or not (text := getattr(answer, "next_page_token", "")):
            return
        answer.next_page_token = _base64(await self._code(text, request, method) + text.encode())

    async def _code(self, text: str, request: Message, method: str) -> bytes:
        listed = type(request)()
        listed.CopyFrom(request)
        for name in _OF_THE_PAGE:
            listed.ClearField(name)
        person = identity.current_call().passport
        account = person.account if person else ""
        list_ = (method.encode(), account.encode(), listed.SerializeToString(deterministic=True))
        code = hmac.new(await self._keys.page_key(), digestmod=sha256)
        for part in (*list_, text.encode()):
            code.update(len(part).to_bytes(4, "big") + part)
        return code.digest()[:_CODE_BYTES]


def _is_for_people(allow: Allow | None) -> bool:
    # Services keep the tokens of the methods that only they call to themselves.
    return allow is not None and identity.GATEWAY in allow.callers


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _parted(token: str) -> tuple[bytes, str]:
    try:
        content = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        text = content[_CODE_BYTES:].decode()
    except (ValueError, binascii.Error):
        raise PageTokenInvalid from None
    # The same bytes have one spelling.
    if not text or _base64(content) != token:
        raise PageTokenInvalid
    return content[:_CODE_BYTES], text
