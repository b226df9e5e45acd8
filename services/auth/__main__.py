"""Starts auth: `serve`, or `migrate` its database."""

import asyncio
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import uvloop
from envoy_auth.v3 import external_auth_pb2_grpc
from smelt.auth.v1 import (
    access_tokens_pb2_grpc,
    audit_events_pb2_grpc,
    data_exports_pb2_grpc,
    deletions_pb2_grpc,
    grants_pb2_grpc,
    recovery_pb2_grpc,
    session_states_pb2_grpc,
    sessions_pb2_grpc,
    users_pb2_grpc,
)

from services.auth.accounts.accounts import SignUp, Users
from services.auth.accounts.password_again import PasswordAgain
from services.auth.accounts.store import AccountStore
from services.auth.admission import store
from services.auth.admission.check import ActiveSessions, Gate, SessionGate, TokenGate
from services.auth.admission.grants import Grants
from services.auth.admission.passports import Passports
from services.auth.admission.session_tokens import VerifiedSessions
from services.auth.events.audit_events import AuditEvents
from services.auth.events.events import EventLog
from services.auth.events.store import EventStore
from services.auth.limits.limits import MailLimits, RegisterLimits, SignInLimits
from services.auth.limits.store import AttemptStore
from services.auth.mail import senders
from services.auth.mail.postman import Postman
from services.auth.mail.store import Outbox
from services.auth.passwords.bcrypt_processes import BcryptProcesses
from services.auth.passwords.passwords import Passwords, schemes
from services.auth.passwords.rules import PasswordRules
from services.auth.passwords.threads import BoundedThreads
from services.auth.peers.files import FilesArchives
from services.auth.peers.privacy import PrivacyHolder
from services.auth.peers.vault import Vault, VaultErasure, VaultEvents
from services.auth.policy import POLICY
from services.auth.privacy.deletion import Erasure, Leaving
from services.auth.privacy.exports import LISTED, DataExports, Exporting
from services.auth.privacy.part import AuthPart
from services.auth.privacy.saga import Saga
from services.auth.privacy.store.exports import DataExportStore
from services.auth.privacy.store.saga import SagaStore
from services.auth.privacy.store.tombstones import TombstoneStore
from services.auth.recovery.mail_requests import MailRequests
from services.auth.recovery.password_changes import PasswordChanges
from services.auth.recovery.sign_in_links import SignInLinks
from services.auth.recovery.store.mailed_tokens import MailedTokenStore
from services.auth.recovery.store.passwords import PasswordStore
from services.auth.servicers.access_tokens import AccessTokenServicer
from services.auth.servicers.audit_events import AuditEventServicer
from services.auth.servicers.authorization import AuthorizationServicer
from services.auth.servicers.data_exports import DataExportServicer
from services.auth.servicers.deletions import DeletionServicer
from services.auth.servicers.grants import GrantServicer
from services.auth.servicers.recorded import Recorded
from services.auth.servicers.recovery import RecoveryServicer
from services.auth.servicers.session_states import SessionStateServicer
from services.auth.servicers.sessions import SessionServicer
from services.auth.servicers.users import UserServicer
from services.auth.sessions.sessions import Lives, Sessions
from services.auth.sessions.store.devices import DeviceStore
from services.auth.sessions.store.sessions import SessionStore
from services.auth.settings import AuthSettings
from services.auth.sweep import Sweep
from services.auth.tokens.access_tokens import AccessTokens
from services.auth.tokens.store import AccessTokenStore
from services.common import database, garbage, identity, logs
from services.common.ids import new_id
from services.common.peers.vault import VaultKeys
from services.common.rpc import server, tls
from services.common.rpc.health import ReadyCheck
from services.common.settings import DatabaseSettings, load, read_secret
from services.common.store import migrations
from services.common.tokens import TokenVerifier

#: So that people can see for a while what was signed in, and an operator what an ended one did.
ENDED_SESSIONS_KEPT = timedelta(days=30)
MIGRATIONS = Path(__file__).with_name("migrations")


@dataclass(frozen=True, slots=True)
class Parts:
    """What auth is made of, ready to be served."""

    servicers: Sequence[server.Registration]
    verifier: TokenVerifier
    ready_checks: Sequence[ReadyCheck]
    background: Sequence[Callable[[], Awaitable[None]]]
    on_stop: Sequence[Callable[[], Awaitable[None]]]


def now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def assemble(settings: AuthSettings) -> Parts:
    """Construct everything; nothing is opened yet."""
    url = read_secret(settings.database_url_file)
    channel = tls.channel(settings, identity.VAULT, settings.vault_address)
    keys = VaultKeys(channel)
    verifier = TokenVerifier(keys)
    vault = Vault(channel)
    engine = database.engine(url)
    transactions = database.sessions(engine)
    accounts, records, tokens = (
        AccountStore(transactions),
        SessionStore(transactions),
        AccessTokenStore(transactions),
    )
    reader, token_reader, either = (
        store.sessions(url),
        store.access_tokens(url),
        store.either(url),
    )
    attempts = AttemptStore(transactions)
    threads = BoundedThreads(settings.bcrypt_threads)
    hashing = BcryptProcesses()
    hashes = Passwords(vault, threads, schemes(hashing.hashpw))
    estimates = BoundedThreads(1)
    rules = PasswordRules(estimates)
    passwords, mailed, devices, mails = (
        PasswordStore(transactions),
        MailedTokenStore(transactions),
        DeviceStore(transactions),
        Outbox(transactions),
    )
    lives = Lives(
        whole=timedelta(days=settings.session_days), idle=timedelta(days=settings.session_idle_days)
    )
    passports = Passports(vault, time.monotonic)
    gate = Gate(
        SessionGate(
            VerifiedSessions(verifier),
            ActiveSessions(reader, idle=lives.idle, clock=now),
            uses=records,
            passports=passports,
            clock=now,
        ),
        TokenGate(token_reader, uses=tokens, passports=passports, clock=now),
    )
    # A grant is asked for with a passport, behind which may be an access token.
    active = ActiveSessions(either, idle=lives.idle, clock=now)
    sign_in_limits = SignInLimits(attempts, settings.sign_in_rates())
    sessions = Sessions(
        records,
        accounts,
        limits=sign_in_limits,
        hashes=hashes,
        renewals=passwords,
        devices=devices,
        signer=vault,
        lives=lives,
        clock=now,
        new_id=new_id,
        random=secrets.token_bytes,
    )
    users = Users(
        accounts,
        hashes,
        sign_up=SignUp(first_only=settings.sign_up == "first", verify=settings.verify_email),
        tokens=mailed,
        rules=rules,
        limits=RegisterLimits(attempts, settings.limit_register),
        clock=now,
        new_id=new_id,
    )
    requests = MailRequests(mails, MailLimits(attempts, settings.limit_reset))
    password_again = PasswordAgain(accounts, hashes, limits=sign_in_limits)
    changes = PasswordChanges(
        passwords, requests, password_again=password_again, rules=rules, hashes=hashes, clock=now
    )
    links = SignInLinks(requests, mailed, sessions)
    postman = Postman(
        mails,
        senders.chosen(settings),
        tokens=mailed,
        random=secrets.token_bytes,
        public_url=settings.public_url,
    )
    export_records, event_store = DataExportStore(transactions), EventStore(transactions)
    sweep = Sweep(
        [
            attempts.sweep,
            mailed.sweep,
            devices.sweep,
            lambda: records.sweep(before=now() - ENDED_SESSIONS_KEPT),
            lambda: export_records.sweep(now() - LISTED),
            lambda: event_store.sweep(now() - timedelta(days=settings.event_days)),
        ]
    )
    access_tokens = AccessTokens(tokens, clock=now, new_id=new_id, random=secrets.token_bytes)
    files = tls.channel(settings, identity.FILES, settings.files_address)
    processor = tls.channel(settings, identity.PROCESSOR, settings.processor_address)
    holders = {
        "processor": PrivacyHolder(processor),
        "files": PrivacyHolder(files),
        "vault": PrivacyHolder(channel),
    }
    tombstones = TombstoneStore(transactions)
    erasure = Erasure(tombstones, holders, VaultErasure(channel), vault)
    erasures = Saga(
        "erasure",
        SagaStore(transactions, "erasure", "account"),
        erasure.perform,
        claim_seconds=settings.claim_seconds,
    )
    leaving = Leaving(password_again, tombstones, begun=erasures.wake)
    exporting = Exporting(
        export_records,
        {"account": AuthPart(transactions), **holders},
        FilesArchives(files),
        vault,
        now,
    )
    exportings = Saga(
        "export",
        SagaStore(transactions, "data_export", "id"),
        exporting.perform,
        claim_seconds=settings.claim_seconds,
    )
    data_exports = DataExports(export_records, begun=exportings.wake, clock=now, new_id=new_id)
    events = EventLog(event_store)

    def recorded(servicer: object, **actions: str) -> Recorded:
        return Recorded(servicer, actions, events=events, clock=now, new_id=new_id)

    return Parts(
        servicers=[
            (external_auth_pb2_grpc.add_AuthorizationServicer_to_server, AuthorizationServicer(gate)),
            (
                users_pb2_grpc.add_UserServiceServicer_to_server,
                recorded(
                    UserServicer(users, changes), CreateUser="register", ChangePassword="change-password"
                ),
            ),
            (
                sessions_pb2_grpc.add_SessionServiceServicer_to_server,
                recorded(
                    SessionServicer(sessions),
                    CreateSession="sign-in",
                    DeleteSession="end-session",
                    RevokeOtherSessions="end-other-sessions",
                ),
            ),
            (
                access_tokens_pb2_grpc.add_AccessTokenServiceServicer_to_server,
                recorded(
                    AccessTokenServicer(access_tokens),
                    CreateAccessToken="create-access-token",
                    DeleteAccessToken="delete-access-token",
                ),
            ),
            (
                data_exports_pb2_grpc.add_DataExportServiceServicer_to_server,
                recorded(DataExportServicer(data_exports, now), CreateDataExport="export-data"),
            ),
            (
                deletions_pb2_grpc.add_DeletionServiceServicer_to_server,
                recorded(DeletionServicer(leaving), DeleteCurrentUser="delete-account"),
            ),
            (
                audit_events_pb2_grpc.add_AuditEventServiceServicer_to_server,
                AuditEventServicer(AuditEvents(event_store, VaultEvents(channel))),
            ),
            (
                recovery_pb2_grpc.add_RecoveryServiceServicer_to_server,
                recorded(RecoveryServicer(changes, links), ConfirmSignInLink="sign-in-by-link"),
            ),
            (
                session_states_pb2_grpc.add_SessionStateServiceServicer_to_server,
                SessionStateServicer(active),
            ),
            (grants_pb2_grpc.add_GrantServiceServicer_to_server, GrantServicer(Grants(active, vault))),
        ],
        verifier=verifier,
        ready_checks=[lambda: database.ping(engine), lambda: _known(keys)],
        on_stop=[
            threads.close,
            partial(asyncio.to_thread, hashing.close),
            estimates.close,
            reader.close,
            token_reader.close,
            either.close,
            engine.dispose,
            channel.close,
            files.close,
            processor.close,
        ],
        background=[sweep.run, postman.run, events.run, erasures.run, exportings.run],
    )


async def _known(keys: VaultKeys) -> None:
    # Keys that are known stay good while the vault restarts; so does auth for people who are signed in.
    await keys.current()


async def serve(settings: AuthSettings) -> None:
    """Serve until told to stop."""
    parts = assemble(settings)
    await server.serve(
        settings,
        POLICY,
        servicers=parts.servicers,
        verifier=parts.verifier,
        ready_checks=parts.ready_checks,
        background=parts.background,
        on_stop=parts.on_stop,
    )


def main(arguments: Sequence[str]) -> None:
    """Run the command; exit with 2 for one that does not exist."""
    if list(arguments) not in (["serve"], ["migrate"]):
        print("usage: python -m services.auth serve|migrate", file=sys.stderr)
        raise SystemExit(2)
    if arguments[0] == "migrate":
        migrations.upgrade(MIGRATIONS, read_secret(load(DatabaseSettings).database_url_file))
    else:
        settings = load(AuthSettings)
        logs.configure("auth", settings.log_level)
        uvloop.run(serve(settings))


if __name__ == "__main__":
    garbage.leave_imports_alone()
    main(sys.argv[1:])
