"""Operations: whose request made a post, and indexes for what is watched."""

from layers.db.migrations import run_sql

revision = "0010"
down_revision = "0006"


def upgrade() -> None:
    """Run 0010_operations.sql."""
    run_sql("0010_operations.sql")
