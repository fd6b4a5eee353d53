"""The platform all contestants talk to: three calls, of which the last publishes, whoever repeats it.

Like most real ones it does not recognise a repeat; it does tell, by the handle of the upload, whether it was published.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.instant import Platform


@dataclass
class Fake(Platform):
    """What arrived, by the text of the post. `arrivals` and `bodies` are those of `/publish`."""

    begun: dict[str, float] = field(default_factory=dict)
    """When the first call of each post arrived."""
    uploads: dict[str, str] = field(default_factory=dict)
    published: Counter[str] = field(default_factory=Counter)
    done: set[str] = field(default_factory=set)
    holding: bool = False
    """Publish, but never answer: who dies now has published and does not know it."""
    delay: float = 0
    """Seconds each answer takes."""

    def receive(self, path: str, body: bytes, answer: Callable[[bytes], None]) -> None:
        """Do what the call says, then answer."""
        _, action, *rest = path.split("/")
        said = getattr(self, action)(*rest, **(json.loads(body) if body else {}))
        self.changed.set()
        if self.holding and action == "publish":
            return
        reply = json.dumps(said).encode()
        asyncio.get_running_loop().call_later(self.delay, answer, reply) if self.delay else answer(reply)

    def init(self, text: str) -> dict[str, str]:
        """Announce a post."""
        self.begun.setdefault(text, time.time())
        upload = f"u{len(self.uploads)}"
        self.uploads[upload] = text
        return {"id": upload}

    def upload(self, id: str) -> dict[str, str]:  # noqa: A002 - the wire's word
        """Take its media."""
        return {"id": id}

    def publish(self, id: str) -> dict[str, str]:  # noqa: A002
        """Make it public; a repeat makes it public again."""
        self.published[self.uploads[id]] += 1
        self.done.add(id)
        self.arrivals.append(time.time())
        return {"id": f"post-{id}"}

    def status(self, id: str) -> dict[str, str | None]:  # noqa: A002
        """Say what came of an upload."""
        return {"id": f"post-{id}" if id in self.done else None}

    async def until_begun(self, text: str, seconds: float) -> float:
        """Wait for the first call of a post; returns when it came."""
        async with asyncio.timeout(seconds):
            while text not in self.begun:
                self.changed.clear()
                await self.changed.wait()
        return self.begun[text]
