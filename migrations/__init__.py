"""The steps from one version's tables to the next, run by Alembic; `core.store.schema` starts them."""
