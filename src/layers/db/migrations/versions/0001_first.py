"""The first schema."""

from layers.db.migrations import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run 0001_first.sql."""
    run_sql("0001_first.sql")
