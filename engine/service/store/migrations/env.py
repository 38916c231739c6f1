"""What Alembic runs: the migrations, on the connection that it is given, in that one's transaction."""

from __future__ import annotations

from alembic import context

from engine.service.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
