"""A load of HTTP requests over keep-alive connections, cheap enough not to be what is measured."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Answers:
    """What came back: how long each took (s), and how often each status was seen."""

    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0

    def figures(self) -> dict[str, float]:
        """Return rate and latency."""
        cuts = statistics.quantiles(self.took, n=1000)
        return {
            "requests": len(self.took),
            "requests_per_second": round(len(self.took) / self.seconds, 1),
            "median_ms": round(cuts[499] * 1000, 2),
            "p99_ms": round(cuts[989] * 1000, 2),
        }


async def load(
    ports: list[int],
    request: Callable[[int], bytes],
    numbers: Iterator[int],
    *,
    clients: int,
    seconds: float | None = None,
) -> Answers:
    """Send `request(n)` for each of `numbers` until they, or the `seconds`, run out. Clients are spread over ports."""
    answers, began = Answers(), time.perf_counter()

    async def client(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            raw = request(number)
            sent = time.perf_counter()
            if seconds is not None and sent - began > seconds:
                break
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            answers.took.append(time.perf_counter() - sent)
            answers.statuses[int(head[9:12])] += 1
        writer.close()

    await asyncio.gather(*(client(ports[n % len(ports)]) for n in range(clients)))
    answers.seconds = time.perf_counter() - began
    return answers


def post_json(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return the bytes of a POST."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
