"""Brings the database whose URL is on standard input to the newest revision."""

import sys
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from layers.db.schema import TABLES_HELD

TRIES = 10
LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED = "55P03", "40P01"


def main() -> int:
    """Migrate; returns the exit status."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = sys.stdin.read()
    for _ in range(TRIES):
        try:
            command.upgrade(config, "head")
        except DBAPIError as fault:
            if getattr(fault.orig, "sqlstate", None) not in {LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED}:
                raise
            time.sleep(1)
        else:
            return 0
    return TABLES_HELD


if __name__ == "__main__":
    sys.exit(main())
