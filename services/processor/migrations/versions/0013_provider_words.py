"""What a provider said of a job, sealed, and whether tokens are estimated."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("job", sa.Column("error_said", sa.LargeBinary, nullable=False, server_default=""))
    op.add_column("job", sa.Column("tokens_estimated", sa.Boolean, nullable=False, server_default="false"))
