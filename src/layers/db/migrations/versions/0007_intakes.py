"""Media on its way into containers."""

from layers.db.migrations import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run 0007_intakes.sql."""
    run_sql("0007_intakes.sql")
