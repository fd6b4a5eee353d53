"""The figures as a table of Markdown, and its place in the docs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers.contestants import CONTESTANTS, LAYERS
from benchmarks.peers.measures import BURST, CAUGHT, KILLS, LOST_AFTER

BEGIN = "<!-- peers: written by `make peers` from measured figures; do not edit -->"
END = "<!-- peers: end -->"
Figures = Mapping[str, Mapping[str, Any]]

ROWS = [
    ("accept, requests/s", ("accept", "requests_per_second"), True),
    ("accept, p99 ms", ("accept", "p99_ms"), False),
    ("publish now → first call, median ms", ("start", "median_ms"), False),
    ("publish now → first call, p99 ms", ("start", "p99_ms"), False),
    ("scheduled → first call of the first, ms late", ("drain", "first_call_after_due_ms"), False),
    ("drain, posts/s", ("drain", "posts_per_second"), True),
    ("memory of API and worker, MB", ("drain", "memory_mb"), True),
    (f"{CAUGHT} posts out, unanswered: **duplicates**", ("kill -9", "held", "duplicates"), False),
    (f"… not out after {LOST_AFTER} s", ("kill -9", "held", "lost"), False),
    ("… out, never recorded", ("kill -9", "held", "stuck"), False),
    ("… seconds until all were done", ("kill -9", "held", "all_done_s"), False),
    (f"{KILLS} kills in a burst of {BURST}: **duplicates**", ("kill -9", "burst", "duplicates"), False),
    (f"… not out after {LOST_AFTER} s", ("kill -9", "burst", "lost"), False),
    ("… out, never recorded", ("kill -9", "burst", "stuck"), False),
    ("… seconds from the last kill until all were done", ("kill -9", "burst", "all_done_s"), False),
]


def table(results: Mapping[str, Figures]) -> str:
    """Return one row for each measure, one column for each contestant; ratios are to Layers in the same run."""
    lines = [
        f"| | {' | '.join(results)} |",
        f"| --- |{' ---: |' * len(results)}",
    ]
    for title, path, with_ratio in ROWS:
        base = _value(results.get(LAYERS.name, {}), path)
        cells = [_cell(_value(figures, path), base if with_ratio else None) for figures in results.values()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(page: Path, table: str, machine: Mapping[str, Any]) -> None:
    """Put the table, and what it was measured on, between the markers of the page."""
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise RuntimeError(f"{page} lacks its markers: {BEGIN} and {END}")
    packages = {name for one in CONTESTANTS for name in one.packages}
    versions = ", ".join(
        f"{name} {version}" for name, version in machine["peers"].items() if name in packages
    )
    foot = (
        f"Measured {machine['at'][:10]} on {machine['cpus']} cores ({machine['cpu']}), load average {machine['load']} "
        f"before the run, Linux {machine['kernel']}, "
        f"Python {machine['python']}, PostgreSQL {machine['postgresql']}, Redis {machine['redis']}: "
        f"layers {machine['layers']}, {versions}."
    )
    set_up = "".join(f"\n- {one.name}: {one.about}." for one in CONTESTANTS)
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{foot}\n{set_up}\n\n{END}{after}")


def _value(figures: Figures, path: tuple[str, ...]) -> object:
    found: Any = figures
    for step in path:
        if "failed" in found:
            return "failed"
        found = found.get(step, {})
    return found if found != {} else "–"


def _cell(value: object, base: object) -> str:
    if isinstance(value, float) and value >= 100:
        value = round(value)
    shown = f"{value:,}" if isinstance(value, int | float) else str(value)
    if isinstance(value, int | float) and isinstance(base, int | float) and base:
        return f"{shown} ({value / base:.2f}×)"
    return shown
