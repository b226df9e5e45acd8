"""No table of wrapped keys is forgotten when account keys rotate: its keys could never be opened again."""

import pytest
from sqlalchemy import MetaData

from services.files import models as files_models
from services.files import wrapped_keys as files_wrapped
from services.processor import models as processor_models


def tables_with_wrapped_keys(metadata: MetaData) -> set[str]:
    return {name for name, table in metadata.tables.items() if "wrapped_key" in table.columns}


@pytest.mark.promise("S07")
def test_every_table_with_a_wrapped_key_is_wrapped_anew() -> None:
    assert set(files_wrapped.TABLES) == tables_with_wrapped_keys(files_models.Base.metadata)
    # The processor's store asks for these alone.
    assert tables_with_wrapped_keys(processor_models.Base.metadata) == {"job"}
