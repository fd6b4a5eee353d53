"""Migrations are plain SQL files; each has a revision file beside it that runs it."""

from pathlib import Path

from alembic import op


def run_sql(name: str) -> None:
    """Run the statements of `versions/<name>` in the migration's transaction."""
    script = (Path(__file__).parent / "versions" / name).read_text()
    for statement in _statements(script):
        op.get_bind().exec_driver_sql(statement)


def _statements(script: str) -> list[str]:
    """Split at `;` ends of lines: the files hold no function bodies."""
    lines = [line for line in script.splitlines() if not line.strip().startswith("--")]
    return [part for part in "\n".join(lines).split(";\n") if part.strip()]
