"""Kill switches, an append-only audit log, erasure."""

from layers.db.migrations import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run 0008_access.sql."""
    run_sql("0008_access.sql")
