"""The log and the tables folded from it, on SQLite, on Postgres, and in memory for tests.

`database.open_store` opens one; `memory.MemoryStore` is its twin. The tables know nothing of platforms or models.
"""
