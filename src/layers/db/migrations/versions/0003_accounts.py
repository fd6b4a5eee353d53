"""What an account's server allows, when a person must renew a consent, and tokens nobody can read."""

from layers.db.migrations import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run 0003_accounts.sql."""
    run_sql("0003_accounts.sql")
