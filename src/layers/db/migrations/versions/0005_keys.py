"""When keys were last used, and how often limited ones."""

from layers.db.migrations import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run 0005_keys.sql."""
    run_sql("0005_keys.sql")
