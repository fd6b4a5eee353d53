"""The table of `make peers`: figures, ratios and failures as measured, in their place in the docs."""

import pytest
from benchmarks.peers import report

MACHINE = {
    "at": "2026-01-02T03:04:05+00:00", "cpus": 2, "load": 0.1, "cpu": "Model", "kernel": "6", "python": "3.11",
    "postgresql": "18", "redis": "7", "layers": "1", "peers": {"celery": "5.7.0", "vine": "1"},
}  # fmt: skip
RESULTS = {
    "Layers": {
        "accept": {"requests_per_second": 500.0, "p99_ms": 40.0},
        "kill -9": {"held": {"duplicates": 0}},
    },
    "Celery + Redis": {"accept": {"requests_per_second": 250.0}, "kill -9": {"failed": "TimeoutError()"}},
}


def _row(title: str) -> str:
    return next(line for line in report.table(RESULTS).splitlines() if line.startswith(f"| {title}"))


def test_ratios_are_to_layers_in_the_same_run():
    assert _row("accept, requests/s") == "| accept, requests/s | 500 (1.00×) | 250 (0.50×) |"


def test_what_failed_or_is_missing_is_shown_as_such():
    assert _row("10 posts out, unanswered").endswith("| 0 | failed |")
    assert _row("accept, p99 ms").endswith("| 40.0 | – |")


def test_the_table_replaces_the_one_before(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write(page, "new", MACHINE)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "\nnew\n" in text
    assert "celery 5.7.0" in text


def test_a_page_without_its_markers_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(RuntimeError, match="lacks its markers"):
        report.write(page, "new", MACHINE)
    assert page.read_text() == "nothing"
