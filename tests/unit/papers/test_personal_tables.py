"""Each new table or column is listed in `privacy/tables.py`: what exports and erasures do with it."""

from collections.abc import Sequence

import pytest
from sqlalchemy import MetaData

from services.auth import models as auth_models
from services.auth.privacy import tables as auth
from services.common.privacy import PersonalTable
from services.files import models as files_models
from services.files.privacy import tables as files
from services.processor import models as processor_models
from services.processor.privacy import tables as processor
from services.vault import keystore_models
from services.vault import models as vault_models
from services.vault.privacy import tables as vault

LISTS: dict[str, tuple[Sequence[PersonalTable], MetaData]] = {
    "auth": (auth.TABLES, auth_models.Base.metadata),
    "vault": (vault.DATABASE, vault_models.metadata),
    "keystore": (vault.KEY_STORE, keystore_models.metadata),
    "files": (files.TABLES, files_models.Base.metadata),
    "processor": (processor.TABLES, processor_models.Base.metadata),
}


@pytest.mark.promise("S57")
@pytest.mark.parametrize("service", LISTS)
def test_every_column_of_every_table_is_decided_about(service: str) -> None:
    lists, metadata = LISTS[service]
    by_table = {personal.name: personal for personal in lists}
    undecided = metadata.tables.keys() - by_table.keys()
    assert not undecided, f"list in services/{service}/privacy/tables.py what becomes of {sorted(undecided)}"
    for name, table in metadata.tables.items():
        personal = by_table[name]
        if personal.path:
            said = set(personal.exported) | personal.withheld.keys()
            listed = f"services/{service}/privacy/tables.py"
            assert said == {column.name for column in table.columns}, f"{listed}: {name}"
        else:
            assert personal.not_exported, name
