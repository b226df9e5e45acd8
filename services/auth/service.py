"""Auth as a server: constructs its parts and connects them."""

import asyncio
import secrets
import time
from datetime import timedelta
from functools import partial

from services.auth.accounts.accounts import SignUp, Users
from services.auth.accounts.password_again import PasswordAgain
from services.auth.accounts.store import AccountStore
from services.auth.admission.check import ActiveSessions, Gate, SessionGate, TokenGate
from services.auth.admission.grants import Grants
from services.auth.admission.passports import Passports
from services.auth.admission.session_tokens import VerifiedSessions
from services.auth.admission.store import session_or_token_states, session_states, token_states
from services.auth.due.store import DueStore
from services.auth.events.audit_events import AuditEvents
from services.auth.events.events import EventLog
from services.auth.events.store import EventStore
from services.auth.limits.limits import MailLimits, RegisterLimits, SignInLimits, TokenLimits
from services.auth.limits.store import AttemptStore
from services.auth.mail import senders
from services.auth.mail.postman import Postman, mailing
from services.auth.mail.store import MAILS_DUE, Outbox
from services.auth.passwords.bcrypt_processes import BcryptProcesses
from services.auth.passwords.passwords import Passwords, schemes
from services.auth.passwords.rules import PasswordRules
from services.auth.passwords.threads import BoundedThreads
from services.auth.peers.files import FilesArchives
from services.auth.peers.privacy import PrivacyHolder
from services.auth.peers.suspension import SuspensionPeer
from services.auth.peers.vault import Vault, VaultErasure, VaultEvents, VaultLedger
from services.auth.policy import POLICY
from services.auth.privacy.deletion import AccountDeletion
from services.auth.privacy.exports import LISTED, DataExports
from services.auth.privacy.parts import Privacy
from services.auth.privacy.store.exports import DataExportStore
from services.auth.recovery.mail_requests import MailRequests
from services.auth.recovery.password_changes import PasswordChanges
from services.auth.recovery.sign_in_links import SignInLinks
from services.auth.recovery.store.mailed_tokens import MailedTokenStore
from services.auth.recovery.store.passwords import PasswordStore
from services.auth.recovery.store.suspensions import SUSPENSIONS_DUE, SuspensionStore
from services.auth.recovery.suspension import Suspension, suspending
from services.auth.recovery.verification import Verification
from services.auth.restoration.restoration import Restoration
from services.auth.restoration.store.restoration import RestorationStore
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
from services.auth.tokens.access_tokens import A_DAY, AccessTokens
from services.auth.tokens.store import AccessTokenStore
from services.common import database, identity
from services.common.clock import DatabaseClock
from services.common.ids import new_id
from services.common.peers.vault import VaultKeys, VaultPageKey
from services.common.rpc import server, tls
from services.common.settings import read_secret
from services.common.tokens import TokenVerifier

#: For this long an operator can still see when an ended session was used, and from where.
ENDED_SESSIONS_KEPT = timedelta(days=30)


async def assemble(settings: AuthSettings, opened: server.Opened) -> server.Parts:
    """Construct everything."""
    url = read_secret(settings.database_url_file)
    channel = opened.keep(tls.channel(settings, identity.VAULT, settings.vault_address))
    engine = opened.keep(database.engine(url), "dispose")
    clock = DatabaseClock(partial(database.time_of, engine))
    await clock.learn_if_possible()
    now = clock.now
    keys = VaultKeys(channel)
    verifier = TokenVerifier(keys, clock.seconds)
    vault = Vault(channel)
    transactions = database.sessions(engine)
    accounts, records, tokens = (
        AccountStore(transactions),
        SessionStore(transactions),
        AccessTokenStore(transactions),
    )
    reader, token_reader, either = (
        opened.keep(session_states(url)),
        opened.keep(token_states(url)),
        opened.keep(session_or_token_states(url)),
    )
    attempts = AttemptStore(transactions)
    hashing = BcryptProcesses()
    opened.push_async_callback(asyncio.to_thread, hashing.close)
    wait_seconds = settings.bcrypt_wait_seconds
    threads = opened.keep(BoundedThreads(settings.bcrypt_threads, longest_wait_seconds=wait_seconds))
    hashes = Passwords(vault, threads, schemes(hashing.hashpw))
    rules = PasswordRules(opened.keep(BoundedThreads(1, longest_wait_seconds=wait_seconds)))
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
            ActiveSessions(reader, idle=lives.idle),
            uses=records,
            passports=passports,
        ),
        TokenGate(token_reader, uses=tokens, passports=passports),
    )
    # The passport that a grant is requested with may stand for an access token rather than a session.
    active = ActiveSessions(either, idle=lives.idle)
    sign_in_limits = SignInLimits(attempts, settings.sign_in_rates())
    sessions = Sessions(
        records,
        accounts,
        limits=sign_in_limits,
        hashes=hashes,
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
        rules=rules,
        limits=RegisterLimits(attempts, settings.limit_register),
        clock=now,
        new_id=new_id,
    )
    requests = MailRequests(mails, MailLimits(attempts, settings.limit_reset))
    password_again = PasswordAgain(accounts, hashes, limits=sign_in_limits)
    files = opened.keep(tls.channel(settings, identity.FILES, settings.files_address))
    processor = opened.keep(tls.channel(settings, identity.PROCESSOR, settings.processor_address))
    suspension = Suspension(
        SuspensionStore(transactions),
        {"processor": SuspensionPeer(processor), "vault": SuspensionPeer(channel)},
    )
    suspensions = suspending(
        suspension, DueStore(transactions, SUSPENSIONS_DUE), claim_seconds=settings.claim_seconds
    )
    changes = PasswordChanges(
        passwords,
        requests,
        password_again=password_again,
        rules=rules,
        hashes=hashes,
        suspension=suspension,
        clock=now,
    )
    links = SignInLinks(requests, mailed, sessions, suspension=suspension, clock=now)
    postman = Postman(
        mails,
        senders.chosen(settings),
        tokens=mailed,
        random=secrets.token_bytes,
        public_url=settings.public_url,
    )
    export_records, event_store = DataExportStore(transactions), EventStore(transactions)
    mails_due = mailing(postman, DueStore(transactions, MAILS_DUE), claim_seconds=settings.claim_seconds)
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
    access_tokens = AccessTokens(
        tokens, limits=TokenLimits(attempts, A_DAY), clock=now, new_id=new_id, random=secrets.token_bytes
    )
    privacy = Privacy.over(
        transactions,
        export_records,
        holders={
            "processor": PrivacyHolder(processor),
            "files": PrivacyHolder(files),
            "vault": PrivacyHolder(channel),
        },
        archives=FilesArchives(files),
        keys=VaultErasure(channel),
        signer=vault,
        clock=now,
        claim_seconds=settings.claim_seconds,
    )
    deletion = AccountDeletion(password_again, privacy.tombstones, begun=privacy.erasures.wake)
    data_exports = DataExports(export_records, begun=privacy.exportings.wake, clock=now, new_id=new_id)
    events = EventLog(event_store)
    restoration = Restoration(RestorationStore(transactions), VaultLedger(channel), privacy.tombstones)
    later = restoration.once_open
    return server.Parts(
        policy=POLICY,
        servicers=[
            AuthorizationServicer(gate),
            UserServicer(users, changes, Verification(mailed, clock=now)),
            SessionServicer(sessions),
            AccessTokenServicer(access_tokens),
            DataExportServicer(data_exports, now),
            DeletionServicer(deletion),
            AuditEventServicer(AuditEvents(event_store, VaultEvents(channel))),
            RecoveryServicer(changes, links),
            SessionStateServicer(active),
            GrantServicer(Grants(active, vault)),
        ],
        verifier=verifier,
        pages=VaultPageKey(channel),
        may=restoration.may,
        note=Recorded(events, clock=now, new_id=new_id).note,
        # Known keys stay valid while the vault restarts, so signed-in people are served meanwhile.
        ready_checks=[clock.learn, keys.known, restoration.ready],
        background=[
            restoration.run,
            later(sweep.run),
            later(mails_due.run),
            events.run,
            later(suspensions.run),
            later(privacy.erasures.run),
            later(privacy.exportings.run),
        ],
    )


async def accept_history(url: str) -> str:
    """Settle the history of the database as it is, without burying anything; return it."""
    engine = database.engine(url, pool_size=1)
    try:
        return await RestorationStore(database.sessions(engine)).accept(new_id())
    finally:
        await engine.dispose()
