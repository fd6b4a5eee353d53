"""Media opened apart: hostile files are refused, whatever they do to what opens them, and nobody else notices."""

import asyncio
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from layers.content.cells import WORDS, Cells
from layers.content.confine import Limits
from layers.content.media import Probed, RefusedMedia
from layers.content.probe import probe
from layers.publishing.remake import Remake
from layers.samples import make_image, make_video

SMALL = (64, 48)
FEED = Remake((0.8, 1.91))
KINDS = ("mp4", "mov", "jpeg", "png", "webp", "gif")

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A sound file of each kind."""
    folder = tmp_path_factory.mktemp("samples")
    made = {kind: make_video(folder / f"a.{kind}", 0.3, SMALL) for kind in ("mp4", "mov")}
    for kind in ("JPEG", "PNG", "WEBP", "GIF"):
        made[kind.lower()] = make_image(folder / f"a.{kind.lower()}", SMALL, kind)
    return made


@pytest.fixture(scope="module")
def cells() -> Iterator[Cells]:
    """Cells as in production."""
    made = Cells()
    yield made
    made.close()


@pytest.fixture
def limited() -> Iterator[Callable[[Limits], Cells]]:
    """Make cells with other limits; one at a time."""
    made: list[Cells] = []

    def make(limits: Limits) -> Cells:
        made.append(Cells(limits, at_once=1))
        return made[-1]

    yield make
    for one in made:
        one.close()


async def refusal(work: Awaitable[object]) -> str:
    with pytest.raises(RefusedMedia) as caught:
        await work
    return str(caught.value)


def descendants(pid: int | None = None) -> list[tuple[int, str]]:
    """Return what a process (this one) has started: the ids and command lines."""
    found: list[tuple[int, str]] = []
    for task in Path(f"/proc/{pid or os.getpid()}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            words = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            found += [(child, words), *descendants(child)]
    return found


def forks() -> set[int]:
    """Return the processes that have a file open, of all cells this process started."""
    started = [pid for pid, words in descendants() if "layers.content.cell" in words]
    return {child for pid in started for child, _ in descendants(pid)}


async def fact(there: Callable[[], Any]) -> Any:
    """Wait until something is so; returns it."""
    async with asyncio.timeout(20):
        while True:
            if found := there():
                return found
            await asyncio.sleep(0.01)


def variables(pid: int) -> set[str]:
    """Return the names in a process's environment."""
    given = Path(f"/proc/{pid}/environ").read_text().strip("\0").split("\0")
    return {line.partition("=")[0] for line in given}


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def held_open(path: Path) -> int:
    """Open a pipe's other end, which only works once somebody reads from it; 0 until then."""
    try:
        return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return 0


def never_ending(folder: Path) -> Path:
    """A file of which nothing ever comes."""
    path = folder / "endless.png"
    os.mkfifo(path)
    return path


def index_of_80_million_pictures(film: Path, path: Path) -> Path:
    """A film of a few kilobytes whose index unfolds to 3 GB: all pictures of one size need no table."""
    raw = bytearray(film.read_bytes())
    count = 80_000_000
    sizes, times, chunks = raw.index(b"stsz"), raw.index(b"stts"), raw.index(b"stsc")
    raw[sizes + 8 : sizes + 16] = struct.pack(">II", 1, count)
    raw[times + 12 : times + 20] = struct.pack(">II", count, 1)
    raw[chunks + 16 : chunks + 20] = struct.pack(">I", count)
    path.write_bytes(raw)
    return path


# Sound files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_a_sound_file_is_described_as_ever(cells: Cells, samples: dict[str, Path], kind: str) -> None:
    assert await cells.probe(samples[kind], "a") == probe(samples[kind], "a")


@linux
async def test_many_at_once_share_a_few_processes(samples: dict[str, Path]) -> None:
    before, cells = {pid for pid, _ in descendants()}, Cells(at_once=2)
    wanted = {kind: probe(path, "a") for kind, path in samples.items()}
    found = await asyncio.gather(*(cells.probe(samples[kind], "a") for kind in KINDS * 10))
    assert found == [wanted[kind] for kind in KINDS * 10]
    assert len({pid for pid, words in descendants() if "layers.content.cell" in words} - before) <= 2
    cells.close()


# Bombs -----------------------------------------------------------------------------------------------------------


async def test_a_bomb_of_pixels(cells: Cells, tmp_path: Path) -> None:
    Image.new("1", (10_001, 10_000)).save(tmp_path / "bomb.png")
    words = await refusal(cells.probe(tmp_path / "bomb.png", "bomb.png"))
    assert words.startswith("bomb.png: The picture has 10,001 × 10,000 pixels")


async def test_a_bomb_of_text_beside_a_small_picture(cells: Cells, samples: dict[str, Path]) -> None:
    raw = samples["png"].read_bytes()
    packed = b"iTXt" + b"x\0\1\0\0\0" + zlib.compress(bytes(20_000_000))
    chunk = struct.pack(">I", len(packed) - 4) + packed + struct.pack(">I", zlib.crc32(packed))
    bomb = samples["png"].with_name("text.png")
    bomb.write_bytes(raw[:33] + chunk + raw[33:])
    assert (await refusal(cells.probe(bomb, "text.png"))).startswith("text.png: The picture cannot be read")


async def test_thousands_of_frames(cells: Cells, samples: dict[str, Path], tmp_path: Path) -> None:
    raw = samples["gif"].read_bytes()
    start = 13 + 3 * 2 ** ((raw[10] & 7) + 1)
    path = tmp_path / "long.gif"
    path.write_bytes(raw[:start] + raw[start:-1] * 5000 + b";")
    found = await cells.probe(path, "long.gif")
    assert (found.kind, found.width, found.height) == ("image", *SMALL)


async def test_a_film_that_fills_the_memory(cells: Cells, samples: dict[str, Path], tmp_path: Path) -> None:
    film = index_of_80_million_pictures(samples["mp4"], tmp_path / "film.mp4")
    assert film.stat().st_size < 20_000
    words, found = await asyncio.gather(
        refusal(cells.probe(film, "film.mp4")), cells.probe(samples["mp4"], "a")
    )
    assert words.startswith("film.mp4: ")
    assert found.kind == "video"


async def test_a_sliver_that_would_be_padded_to_gigabytes(cells: Cells, tmp_path: Path) -> None:
    Image.new("L", (1, 60_000)).save(tmp_path / "sliver.png")
    words = await refusal(cells.remade((tmp_path / "sliver.png").read_bytes(), FEED))
    assert words.startswith(f"image: {WORDS['memory']}")


# Limits ----------------------------------------------------------------------------------------------------------


async def test_a_file_that_takes_too_much_memory(limited, samples: dict[str, Path], tmp_path: Path) -> None:
    Image.new("RGB", (6000, 6000)).save(tmp_path / "large.png", compress_level=1)
    scarce = limited(Limits(memory=1 << 28))
    assert WORDS["memory"] in await refusal(scarce.probe(tmp_path / "large.png", "large.png"))
    assert (await scarce.probe(samples["png"], "a")).kind == "image"


async def test_a_file_that_keeps_the_processor_busy(limited, tmp_path: Path) -> None:
    Image.new("P", (10_000, 10_000)).save(tmp_path / "large.png", compress_level=1, transparency=0)
    raw = (tmp_path / "large.png").read_bytes()
    assert WORDS["time"] in await refusal(limited(Limits(cpu_seconds=1)).remade(raw, Remake(None)))


@linux
async def test_a_file_that_never_comes_is_given_up(limited, tmp_path: Path) -> None:
    hasty = limited(Limits(seconds=0.3))
    assert WORDS["time"] in await refusal(hasty.probe(never_ending(tmp_path), "endless.png"))
    assert forks() == set()


CONFINED = """
import os, socket, sys
from pathlib import Path
from layers.content.confine import Limits, confine

mine, other, new = map(Path, sys.argv[1:])
confine(Limits(), mine)

def tried(what):
    try:
        what()
    except OSError as why:
        return type(why).__name__
    return "done"

print(tried(mine.read_bytes), tried(other.read_bytes), tried(lambda: new.write_text("x")))
print(tried(lambda: mine.open("a")), tried(other.unlink), tried(lambda: os.listdir("/")))
print(tried(lambda: socket.create_connection(("127.0.0.1", 9))), tried(lambda: os.execv("/bin/true", ["true"])))
"""


@linux
def test_what_reads_a_file_sees_no_other_and_changes_nothing(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "secret.key"
    for path in (mine, other):
        path.write_bytes(b"x")
    landlock = Path("/sys/kernel/security/lsm")
    if landlock.exists() and "landlock" not in landlock.read_text():
        pytest.skip("this kernel has no Landlock")
    ran = subprocess.run(
        [sys.executable, "-c", CONFINED, mine, other, tmp_path / "new"],
        capture_output=True,
        text=True,
        check=True,
    )
    denied = "PermissionError"
    assert ran.stdout.split() == ["done", denied, denied, denied, denied, denied, denied, denied]


@linux
async def test_it_knows_no_secret_and_leaves_signals_to_its_owner(
    limited, samples: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAYERS_SECRET_KEYS", "hunter2")
    before = {pid for pid, _ in descendants()}
    cells = limited(Limits())
    await cells.probe(samples["png"], "a")
    [cell] = {pid for pid, words in descendants() if "layers.content.cell" in words} - before
    assert variables(cell) == {"PYTHONPATH", "PYTHONUTF8"}
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(cell, number)
    await cells.probe(samples["png"], "a")
    assert cell in {pid for pid, _ in descendants()}


@linux
async def test_without_work_it_ends_and_comes_again(limited, samples: dict[str, Path]) -> None:
    before = {pid for pid, _ in descendants()}
    brief = limited(Limits(idle_seconds=0.05))
    for _ in range(2):
        assert (await brief.probe(samples["png"], "a")).kind == "image"
        await fact(lambda: {pid for pid, _ in descendants()} <= before)


# Killed ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def stuck(
    limited, samples: dict[str, Path], tmp_path: Path
) -> AsyncIterator[tuple[asyncio.Task[Probed], int, Path]]:
    """A file on which its fork waits; whoever opens it anew reads a picture."""
    path = never_ending(tmp_path)
    task = asyncio.create_task(limited(Limits()).probe(path, "endless.png"))
    held = await fact(lambda: held_open(path))
    [fork] = forks()
    yield task, fork, path
    os.close(held)


@linux
async def test_a_killed_fork_is_no_reason_to_refuse(stuck, samples: dict[str, Path], cells: Cells) -> None:
    task, fork, path = stuck
    path.unlink()
    path.write_bytes(samples["png"].read_bytes())
    assert (await cells.probe(samples["gif"], "a")).kind == "image"  # others do not notice
    os.kill(fork, signal.SIGKILL)
    assert (await task).width == SMALL[0]


@linux
async def test_a_killed_process_is_replaced_and_its_fork_does_not_outlive_it(
    stuck, samples: dict[str, Path]
) -> None:
    task, fork, path = stuck
    path.unlink()
    path.write_bytes(samples["png"].read_bytes())
    [owner] = [pid for pid, _ in descendants() if fork in {child for child, _ in descendants(pid)}]
    os.kill(owner, signal.SIGKILL)
    assert (await task).width == SMALL[0]
    await fact(lambda: is_gone(fork))


@linux
async def test_what_is_killed_twice_is_refused(stuck) -> None:
    task, fork, _ = stuck
    os.kill(fork, signal.SIGKILL)
    [second] = await fact(lambda: forks() - {fork})
    os.kill(second, signal.SIGKILL)
    assert WORDS["killed"] in await refusal(task)


@linux
async def test_a_crash_is_the_file_s_fault(stuck) -> None:
    task, fork, _ = stuck
    os.kill(fork, signal.SIGSEGV)
    assert WORDS["crashed"] in await refusal(task)


# Over HTTP -------------------------------------------------------------------------------------------------------


async def test_an_upload_names_the_hostile_file(client, samples: dict[str, Path], tmp_path: Path) -> None:
    film = index_of_80_million_pictures(samples["mp4"], tmp_path / "film.mp4")
    project = await client.project()
    answer = await client.upload(project, samples["jpeg"], film)
    assert (answer.status, answer.issues) == (422, {("files[1]", "unreadable_media")})
    assert "film.mp4" in answer.details["issues"][0]["message"]
    assert (await client.upload(project, samples["jpeg"])).status == 201


async def test_an_image_that_cannot_be_remade_says_so(client, shared, tmp_path: Path) -> None:
    Image.new("L", (1, 60_000)).save(tmp_path / "sliver.png")
    asset = (await client.upload(await client.project(), tmp_path / "sliver.png"))["assets"][0]["id"]
    later = datetime.now(UTC) + timedelta(hours=1)
    answer = await client.get(shared.signer.sign(f"/v1/assets/{asset}/jpeg-0.8-1.91", later))
    assert (answer.status, answer.issues) == (422, {("asset", "unreadable_media")})


# Damage ----------------------------------------------------------------------------------------------------------


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """Cut, flip or repeat some bytes, most of them near the start, where the structure is."""
    hurt = bytearray(raw)
    for _ in range(chance.choice([1, 2, 8, 60])):
        at = chance.randrange(chance.choice([min(len(hurt), 200), len(hurt)]))
        match chance.randrange(5):
            case 0:
                hurt[at] ^= 1 << chance.randrange(8)
            case 1:
                hurt[at : at + 4] = struct.pack(">I", chance.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF]))
            case 2:
                hurt[at:at] = hurt[at : at + chance.randrange(1, 300)]
            case 3 if len(hurt) > 300:
                del hurt[at : at + chance.randrange(1, 100)]
            case _:
                hurt[at] = chance.randrange(256)
    return bytes(hurt if chance.random() < 0.8 else hurt[: chance.randrange(len(hurt))])


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_the_damage_it_is_described_or_refused(
    cells: Cells, samples: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    raw, chance = samples[kind].read_bytes(), random.Random(kind)

    async def outcome(number: int) -> str:
        path = tmp_path / str(number)
        path.write_bytes(damaged(raw, chance))
        try:
            found = await cells.probe(path, "f")
        except RefusedMedia as refused:
            words = str(refused)
        else:
            assert found.width > 0 < found.height
            return "described"
        assert str(path) not in words
        assert WORDS["crashed"] not in words, path.read_bytes().hex()
        return "refused"

    outcomes = await asyncio.gather(*(outcome(number) for number in range(50)))
    assert outcomes.count("refused") > 10


@linux
def test_nothing_above_took_more_memory_than_allowed(cells: Cells) -> None:
    """The kernel keeps the largest size of all that has ended, which the cells of this module do now."""
    cells.close()
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10 < Limits().memory
