"""The sweep removes nothing that is still being written."""

from services.auth.peers import privacy
from services.files.settings import FilesSettings
from services.processor.peers import files


def test_what_is_swept_is_older_than_the_longest_write() -> None:
    fields = FilesSettings.model_fields
    longest = max(privacy._EXPORT_SECONDS, files._STREAM_SECONDS, fields["upload_seconds"].default)
    assert fields["orphan_seconds"].default > longest
