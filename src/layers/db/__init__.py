"""PostgreSQL: the pool, the embedded server, the schema and its migrations."""
