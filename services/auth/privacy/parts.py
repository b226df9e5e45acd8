"""Constructs what exports and erases accounts across all services."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.auth.due.store import DueStore
from services.auth.due.work import DueWork, Patience
from services.auth.privacy import deletion, exports
from services.auth.privacy.part import AuthPart
from services.auth.privacy.saga import saga
from services.auth.privacy.store.exports import EXPORTS_DUE, DataExportStore
from services.auth.privacy.store.tombstones import ERASURES_DUE, TombstoneStore
from services.common.database import Transactions


class Holder(deletion.Holder, exports.Holder, Protocol):
    """Another service that holds personal data."""


class Signer(deletion.ErasureSigner, exports.ExportSigner, Protocol):
    """Signs the tokens that prove an export or an erasure to other services."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """The tombstones, and the two sagas."""

    tombstones: TombstoneStore
    erasures: DueWork
    exportings: DueWork

    @classmethod
    def over(
        cls,
        transactions: Transactions,
        records: DataExportStore,
        *,
        holders: Mapping[str, Holder],
        archives: exports.ArchiveStore,
        keys: deletion.KeyDestroyer,
        signer: Signer,
        clock: Callable[[], datetime],
        claim_seconds: float,
    ) -> "Privacy":
        tombstones = TombstoneStore(transactions)
        erasure = deletion.Erasure(tombstones, holders, keys, signer)
        exporting = exports.Exporting(
            records, {"account": AuthPart(transactions), **holders}, archives, signer, clock
        )
        erasures = saga(
            "erasure",
            DueStore(transactions, ERASURES_DUE),
            erasure.perform,
            claim_seconds=claim_seconds,
        )
        exportings = saga(
            "export",
            DueStore(transactions, EXPORTS_DUE),
            exporting.perform,
            claim_seconds=claim_seconds,
            patience=Patience(exports.MOST_TRIES, exporting.give_up),
        )
        return cls(tombstones, erasures, exportings)
