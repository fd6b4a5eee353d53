"""Webhooks."""

from layers.db.migrations import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run 0004_webhooks.sql."""
    run_sql("0004_webhooks.sql")
