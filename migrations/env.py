"""Run by Alembic: from `surveil db`, which hands over a connection, or from its own command line.

By hand: ``SURVEIL_DATABASE=sqlite:////tmp/new.db alembic revision --autogenerate -m "Add …"``.
"""

from __future__ import annotations

import os

import sqlalchemy as sa
from alembic import context

from surveil.store.all_tables import metadata
from surveil.store.engine import connect, writing
from surveil.store.migrate import is_ours, render_type


def migrate(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=is_ours,
        render_item=render_type,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("migrations look at the database they change: offline mode is not supported")
given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with writing(connect(os.environ["SURVEIL_DATABASE"])) as opened:
        migrate(opened)
