"""`layers work` with less patience, so that what takes minutes in earnest takes seconds here. Run as a program."""

import asyncio
import signal
from datetime import timedelta

from layers.app import PLATFORM_SETTINGS, share
from layers.console import new_loop
from layers.kit.logs import set_up_logs
from layers.publishing.engine import Timing
from layers.settings import Settings
from layers.worker import work

LEASE = 3.0
PATIENCE = Timing(
    lease=timedelta(seconds=LEASE),
    first_retry=timedelta(milliseconds=300),
    first_doubt=timedelta(milliseconds=300),
    absence_spacing=timedelta(seconds=2),
    unknown_after=timedelta(seconds=20),
    find_after_at_most=timedelta(seconds=3),
)


async def _work() -> None:
    settings = Settings.from_env(platform_names=PLATFORM_SETTINGS)
    set_up_logs(settings.log_level, as_json=False)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await work(share(settings, settings.database_url), stop, PATIENCE)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_work())
