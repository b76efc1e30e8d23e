"""Alembic's entry point: runs the migrations on the connection that `storage.migrate` hands over."""

from alembic import context

from mainspring.storage.database import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
