"""The contract's form of the options that would make a refused file readable."""

from smelt.files.v1 import files_pb2

from services.common.errors import DomainError
from services.files.library.refused_uploads import UploadRefused
from services.files.parsing.offers import Offer

#: A status travels in trailers, which the gateway takes only if they are short.
_LONGEST = 1000
_SHOWN_CELLS = 5
_SHOWN_BYTES = 40


def with_offers(refused: UploadRefused) -> DomainError:
    """Return the refusal for the answer: with the name of what is kept, and as many offers as fit."""
    told = files_pb2.RefusedFile(name=f"files/{refused.file_id}")
    if refused.expire_time is not None:
        told.expire_time.FromDatetime(refused.expire_time)
    for offer in refused.offers:
        message = _offer(offer)
        if told.ByteSize() + message.ByteSize() > _LONGEST:
            break
        told.offers.append(message)
    refused.refusal.details = (told,)
    return refused.refusal


def _offer(offer: Offer) -> files_pb2.RefusedFile.Offer:
    return files_pb2.RefusedFile.Offer(
        encoding=offer.options.encoding,
        delimiter=offer.options.delimiter,
        skip_rows=offer.options.skip_rows,
        skip_last_rows=offer.options.skip_last_rows,
        duplicate_names=offer.options.duplicate_names,
        sheet=offer.options.sheet,
        row_count=offer.row_count,
        column_count=len(offer.columns),
        columns=map(_shown, offer.columns[:_SHOWN_CELLS]),
        sample=map(_shown, offer.sample[:_SHOWN_CELLS]),
    )


def _shown(text: str) -> str:
    content = text.encode("utf-8", "replace")
    return text if len(content) <= _SHOWN_BYTES else content[:_SHOWN_BYTES].decode("utf-8", "ignore") + "…"
