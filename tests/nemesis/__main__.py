"""`make nemesis`: long runs, one for each seed, and a table of what came of them."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from .judge import GRIEFS, Verdict
from .plan import Plan, make_plan
from .run import run


def main() -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.nemesis", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many runs, each with the next seed")
    parser.add_argument("--posts", type=int, default=2000)
    parser.add_argument("--minutes", type=float, help="how long posts and faults keep coming")
    parser.add_argument("--keep", action="store_true", help="keep the logs of the processes")
    given = parser.parse_args()
    verdicts = []
    for seed in range(given.seed, given.seed + given.seeds):
        plan = make_plan(seed, given.posts, given.minutes and given.minutes * 60)
        _say(f"seed {seed}: {len(plan.targets)} posts, {len(plan.faults)} faults, {plan.seconds:.0f} s")
        folder = Path(tempfile.mkdtemp(prefix=f"nemesis-{seed}-"))
        verdict = asyncio.run(_run(plan, folder))
        _say(str(verdict))
        verdicts.append(verdict)
        if verdict.wrong or given.keep:
            _say(f"  logs: {folder}")
        else:
            shutil.rmtree(folder)
    _say("".join(f"{name:>9}" for name in ("seed", "posts", "seconds", "kills", *GRIEFS)))
    for verdict in verdicts:
        figures = (verdict.seed, verdict.ends.total(), round(verdict.seconds), verdict.kills)
        _say("".join(f"{figure:>9}" for figure in (*figures, *map(verdict.count, GRIEFS))))
    return any(verdict.wrong for verdict in verdicts)


async def _run(plan: Plan, folder: Path) -> Verdict:
    task = asyncio.create_task(run(plan, folder, lambda words: _say(f"  {words}")))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
