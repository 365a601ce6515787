"""How a revision runs: on the connection and in the transaction that `store.migrate` gives, and in no other way."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
