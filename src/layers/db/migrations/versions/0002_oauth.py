"""Connecting by consent, and tokens refreshed ahead of time."""

from layers.db.migrations import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run 0002_oauth.sql."""
    run_sql("0002_oauth.sql")
