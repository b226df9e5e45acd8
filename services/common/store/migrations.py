"""Alembic without a command line: each service brings a folder of versions and its metadata.

Alembic is imported only when needed: it would cost a server 10 MB and a quarter of a second.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, create_engine, pool, text

#: The advisory lock by which replicas that migrate at the same time take turns.
_LOCK = 7_205_119

#: What a role needs that serves and owns nothing. Who takes a service over can then drop no table.
_GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {}",
)


def upgrade(folder: Path, url: str, serving_role: str = "") -> None:
    """Upgrade a database to the newest version in `folder`; does nothing when it is there already.

    `serving_role` may read and write all rows afterwards, but those of the list of versions.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    config.attributes["serving_role"] = serving_role
    command.upgrade(config, "head")


def run_env(metadata: MetaData) -> None:
    """Run the versions in one transaction under the lock; each service's env.py calls this."""
    from alembic import context

    url: Any = context.config.attributes["url"]
    engine = create_engine(
        url, poolclass=pool.NullPool, connect_args={"connect_timeout": 10}, hide_parameters=True
    )
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            context.run_migrations()
            if role := context.config.attributes["serving_role"]:
                name = connection.dialect.identifier_preparer.quote(role)
                for statement in _GRANTS:
                    connection.execute(text(statement.format(name)))
