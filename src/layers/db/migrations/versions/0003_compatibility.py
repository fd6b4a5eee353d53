"""Which code may run with the schema."""

from layers.db.migrations import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run 0003_compatibility.sql."""
    run_sql("0003_compatibility.sql")
