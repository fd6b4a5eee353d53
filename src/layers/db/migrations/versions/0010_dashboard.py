"""The dashboard: links to sign in by, and the sessions that follow."""

from layers.db.migrations import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run 0010_dashboard.sql."""
    run_sql("0010_dashboard.sql")
