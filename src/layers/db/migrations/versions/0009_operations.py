"""Operations: whose request made a post, and indexes for what is watched."""

from layers.db.migrations import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run 0009_operations.sql."""
    run_sql("0009_operations.sql")
