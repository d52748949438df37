"""What Alembic runs: the revisions, on the connection that `migrate.py` opened."""

from alembic import context

connection = context.config.attributes["connection"]
# All revisions of one run are one transaction, on SQLite too, which Alembic does not expect of it.
context.configure(connection=connection, transactional_ddl=True, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
