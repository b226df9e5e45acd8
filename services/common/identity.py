"""The identities behind a call: the caller's certificate, the person's passport, the work's grant."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from services.common.errors import ScopeMissing, Unauthenticated

GATEWAY = "gateway"
AUTH = "auth"
VAULT = "vault"
FILES = "files"
PROCESSOR = "processor"
OPERATOR = "operator"

PASSPORT_KEY = "x-smelt-passport"
GRANT_KEY = "x-smelt-grant"
EXPORT_KEY = "x-smelt-export"
ERASURE_KEY = "x-smelt-erasure"
CLIENT_ADDRESS_KEY = "x-envoy-external-address"

#: The names that a certificate may carry.
WORKLOADS = frozenset({GATEWAY, AUTH, VAULT, FILES, PROCESSOR, OPERATOR})

Needs = Literal["nothing", "passport", "proof", "key proof", "export", "erasure"]
#: What a passport may be used for. A session has all three. An access token never has `account`, which covers
#: the account itself: password, sessions, tokens, export, deletion.
Scope = Literal["read", "write", "account"]


@dataclass(frozen=True, slots=True)
class Allow:
    """The services that may call a method, and the token that the call must carry.

    `passport` requires a person; `proof` a person or a grant; `key proof` one of these or an export token.
    All three name the scope that the person's passport must have, so that no method is open to access tokens
    by oversight. `export` and `erasure` require the token of an export or an erasure that auth carries out.
    `at_once` is how many calls of a method an account may have in progress at a replica, for methods that
    wait long for something: those do not take the place of its short calls.
    A method that `hears_out` reads a refused request on for a while, so that simple clients see the refusal.
    """

    callers: frozenset[str]
    needs: Needs = "nothing"
    scope: Scope | None = None
    at_once: int | None = None
    hears_out: bool = False

    def __init__(
        self,
        *callers: str,
        needs: Needs = "nothing",
        scope: Scope | None = None,
        at_once: int | None = None,
        hears_out: bool = False,
    ) -> None:
        if (needs in ("passport", "proof", "key proof")) != (scope is not None):
            raise TypeError("a method that needs a person must name a scope, and no other may")
        object.__setattr__(self, "callers", frozenset(callers))
        object.__setattr__(self, "needs", needs)
        object.__setattr__(self, "scope", scope)
        object.__setattr__(self, "at_once", at_once)
        object.__setattr__(self, "hears_out", hears_out)


Policy = Mapping[str, Allow]


@dataclass(frozen=True, slots=True)
class Passport:
    """The person behind a call, by a session or an access token; `token` may be passed to other services."""

    account: str
    session: str
    scopes: tuple[str, ...]
    token: str = field(repr=False)
    #: The generation of the account's access at the time; None in a passport of an older version.
    generation: int | None = None

    def require(self, scope: Scope | None) -> None:
        """Raise ScopeMissing unless the passport may be used for this."""
        if scope is not None and scope not in self.scopes:
            raise ScopeMissing(scope=scope)


@dataclass(frozen=True, slots=True)
class JobGrant:
    """The permission to work for an absent account: one job, one file, one API key."""

    id: str
    purpose: str
    account: str
    job: str
    file: str
    parse: int
    api_key: str
    first_row: int
    last_row: int
    template_count: int
    release_budget: int
    expires: datetime
    token: str = field(repr=False)
    #: Whether its calls may go in batches, about which the provider is asked as well.
    economy: bool = False


@dataclass(frozen=True, slots=True)
class ExportPermit:
    """The permission to export an account's data; `export` is the archive's resource name."""

    account: str
    export: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ErasurePermit:
    """The permission to erase an account's data."""

    account: str
    token: str = field(repr=False)


#: The proofs under which the vault opens data keys.
KeyProof = Passport | JobGrant | ExportPermit


@dataclass(frozen=True, slots=True)
class Call:
    """The facts of the call that is being answered."""

    method: str
    caller: str
    request_id: str = ""
    idempotency_key: str = ""
    client_address: str = ""
    user_agent: str = ""
    #: Whether a client wants the headers of the answer alone; a stream then ends after its first message.
    is_head: bool = False
    passport: Passport | None = None
    grant: JobGrant | None = None
    export: ExportPermit | None = None
    erasure: ErasurePermit | None = None


_call: ContextVar[Call] = ContextVar("call")


def enter(call: Call) -> None:
    """Make a call the current one; the guard does this before a servicer runs."""
    _call.set(call)


def current_call() -> Call:
    """Return the call that is being answered."""
    return _call.get()


def account() -> str:
    """Return the account on whose behalf the current call is made; empty where there is none."""
    call = _call.get(None)
    if call is None:
        return ""
    proof = call.passport or call.grant or call.export or call.erasure
    return proof.account if proof else ""


def passport(context: object = None) -> Passport:
    """Return the person behind the call; raise Unauthenticated when there is none."""
    person = current_call().passport
    if person is None:
        raise Unauthenticated
    return person


def proof(context: object = None) -> Passport | JobGrant:
    """Return the grant or the person behind the call; raise Unauthenticated when there is neither."""
    call = current_call()
    if call.grant is not None:
        return call.grant
    return passport()


def export_permit() -> ExportPermit:
    """Return the export permit of the call; raise Unauthenticated when there is none."""
    permit = current_call().export
    if permit is None:
        raise Unauthenticated
    return permit


def erasure_permit() -> ErasurePermit:
    """Return the erasure permit of the call; raise Unauthenticated when there is none."""
    permit = current_call().erasure
    if permit is None:
        raise Unauthenticated
    return permit


def key_proof() -> KeyProof:
    """Return the proof behind a call about data keys; raise Unauthenticated when there is none."""
    return current_call().export or proof()


def passport_from(claims: Mapping[str, Any], token: str) -> Passport:
    """Build a passport from verified claims; raise Unauthenticated when one is missing or of another type."""
    scopes = claims.get("scopes")
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise Unauthenticated
    generation = claims.get("generation")
    # `True` is an int, too.
    if generation is not None and type(generation) is not int:
        raise Unauthenticated
    return Passport(_text(claims, "sub"), _text(claims, "sid"), tuple(scopes), token, generation)


def grant_from(claims: Mapping[str, Any], token: str) -> JobGrant:
    """Build a grant from verified claims; raise Unauthenticated when one is missing or of another type."""
    try:
        expires = datetime.fromtimestamp(_number(claims, "exp"), tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise Unauthenticated from None
    return JobGrant(
        id=_text(claims, "jti"),
        purpose=_text(claims, "purpose"),
        account=_text(claims, "sub"),
        job=_text(claims, "job"),
        file=_text(claims, "file"),
        parse=_number(claims, "parse"),
        api_key=_text(claims, "api_key"),
        first_row=_number(claims, "first_row"),
        last_row=_number(claims, "last_row"),
        template_count=_number(claims, "template_count"),
        release_budget=_number(claims, "release_budget"),
        expires=expires,
        token=token,
        economy=claims.get("economy") is True,
    )


def export_from(claims: Mapping[str, Any], token: str) -> ExportPermit:
    """Build an export permit from verified claims; raise Unauthenticated as `passport_from` does."""
    return ExportPermit(_text(claims, "sub"), _text(claims, "export"), token)


def erasure_from(claims: Mapping[str, Any], token: str) -> ErasurePermit:
    """Build an erasure permit from verified claims; raise Unauthenticated as `passport_from` does."""
    return ErasurePermit(_text(claims, "sub"), token)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    # All of them are ids and names of ours; nothing else reaches a statement.
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise Unauthenticated
    return value


def _number(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    # `True` is an int, too. The database's largest number is 2^63 - 1.
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise Unauthenticated
    return value


def metadata(who: KeyProof | ErasurePermit | None, request_id: str = "") -> tuple[tuple[str, str], ...]:
    """Return the metadata that tells another service on whose behalf a call is made."""
    entries: list[tuple[str, str]] = []
    if isinstance(who, Passport):
        entries.append((PASSPORT_KEY, who.token))
    elif isinstance(who, JobGrant):
        entries.append((GRANT_KEY, who.token))
    elif isinstance(who, ExportPermit):
        entries.append((EXPORT_KEY, who.token))
    elif isinstance(who, ErasurePermit):
        entries.append((ERASURE_KEY, who.token))
    if request_id:
        entries.append(("x-request-id", request_id))
    return tuple(entries)
