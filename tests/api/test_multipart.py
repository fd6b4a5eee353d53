"""The form receiver: what arrives, in whatever pieces, is what was sent; a failure leaves nothing behind."""

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.api.errors import PayloadTooLarge, Problem, UnsupportedMediaType, Validation
from layers.api.multipart import MAX_PARTS, Form, FormLimits, clean_filename, receive_form

MIB = 1024 * 1024
LIMITS = FormLimits(
    text_fields=frozenset({"caption", "firstComment"}),
    file_fields=frozenset({"files"}),
    max_files=3,
    max_file_bytes=5 * MIB,
    max_total_bytes=12 * MIB,
)
TYPE = "multipart/form-data; boundary=X-bound"


def part(name: str, content: bytes, filename: str | None = None, content_type: str | None = None) -> bytes:
    head = f'--X-bound\r\nContent-Disposition: form-data; name="{name}"'
    head += f'; filename="{filename}"' if filename is not None else ""
    head += f"\r\nContent-Type: {content_type}" if content_type else ""
    return head.encode() + b"\r\n\r\n" + content + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--X-bound--\r\n"


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def receive(content: bytes, folder: Path, size: int = 65_536, limits: FormLimits = LIMITS) -> Form:
    return await receive_form(TYPE, pieces(content, size), folder, limits)


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def refused(content: bytes, folder: Path, limits: FormLimits = LIMITS) -> Problem:
    """Return the problem raised, having checked that no file was left."""
    with pytest.raises(Problem) as caught:
        await receive(content, folder, limits=limits)
    assert left_in(folder) == []
    return caught.value


async def faults(content: bytes, folder: Path) -> list[tuple[str, str]]:
    problem = await refused(content, folder)
    assert isinstance(problem, Validation)
    return [(issue.path, issue.code) for issue in problem.issues]


GOOD = body(
    part("caption", "Grüße 👨‍👩‍👧 \r\n--X-boun".encode()),
    part("files", b"\r\n--X-boun almost" * 9, "a.mp4", "video/mp4"),
    part("files", b"", "b.jpg"),
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 65_536])
async def test_any_slicing_gives_the_same_form(tmp_path: Path, size: int) -> None:
    form = await receive(GOOD, tmp_path, size)
    assert form.fields == {"caption": "Grüße 👨‍👩‍👧 \r\n--X-boun"}
    first, second = form.files
    content = b"\r\n--X-boun almost" * 9
    assert (first.field, first.filename, first.content_type) == ("files", "a.mp4", "video/mp4")
    assert (first.size_bytes, first.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert first.path.read_bytes() == content
    assert (second.filename, second.content_type) == ("b.jpg", "application/octet-stream")
    assert (second.size_bytes, second.path.read_bytes()) == (0, b"")
    assert {file.path.parent for file in form.files} == {tmp_path}
    assert first.path.stat().st_mode & 0o077 == 0
    form.discard()
    form.discard()
    assert left_in(tmp_path) == []


async def test_discard_leaves_what_was_moved_away(tmp_path: Path) -> None:
    form = await receive(GOOD, tmp_path)
    kept = form.files[0].path.rename(tmp_path / "kept")
    form.discard()
    assert left_in(tmp_path) == [kept]


async def test_large_files_are_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * (5 * MIB // 256)
    form = await receive(body(part("files", content, "a.bin")), tmp_path)
    assert form.files[0].path.read_bytes() == content
    assert form.files[0].sha256 == hashlib.sha256(content).hexdigest()


async def test_memory_stays_flat(tmp_path: Path) -> None:
    limits = FormLimits(
        text_fields=frozenset(),
        file_fields=frozenset({"f"}),
        max_files=1,
        max_file_bytes=400 * MIB,
        max_total_bytes=401 * MIB,
    )

    async def large() -> AsyncIterator[bytes]:
        head = part("f", b"", "large.bin")
        yield head[:-2]
        for _ in range(300 * 16):
            yield b"\0" * 65_536
        yield b"\r\n--X-bound--\r\n"

    tracemalloc.start()
    try:
        form = await receive_form(TYPE, large(), tmp_path, limits)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert form.files[0].size_bytes == 300 * MIB
    assert peak < 8 * MIB
    form.discard()


# The fingerprint -------------------------------------------------------------------------------------


async def fingerprint_of(tmp_path: Path, *parts: bytes, boundary: bytes = b"X-bound") -> bytes:
    content = body(*parts).replace(b"X-bound", boundary)
    content_type = f"multipart/form-data; boundary={boundary.decode()}"
    form = await receive_form(content_type, pieces(content, 999), tmp_path, LIMITS)
    form.discard()
    return form.fingerprint


async def test_the_fingerprint_is_of_the_content_alone(tmp_path: Path) -> None:
    text, a, b = part("caption", b"hi"), part("files", b"A", "a"), part("files", b"B", "b")
    known = await fingerprint_of(tmp_path, text, a, b)
    assert len(known) == 32
    assert known == await fingerprint_of(tmp_path, text, a, b, boundary=b"another-one")
    assert known == await fingerprint_of(tmp_path, a, b, text)
    others = [
        (text, b, a),
        (text, a),
        (a, b),
        (part("caption", b"ho"), a, b),
        (part("firstComment", b"hi"), a, b),
        (text, part("files", b"A", "c"), b),
        (text, part("files", b"C", "a"), b),
    ]
    assert known not in [await fingerprint_of(tmp_path, *parts) for parts in others]


# What is refused -------------------------------------------------------------------------------------


async def test_all_faults_at_once(tmp_path: Path) -> None:
    content = body(
        part("files", b"fine", "a.mp4"),
        part("caption", b"\xff\xfe"),
        part("captoin", b"x"),
        part("files", b"nameless"),
        part("firstComment", b"once"),
        part("firstComment", b"twice"),
        part("files", b"", ""),
    )
    assert await faults(content, tmp_path) == [
        ("caption", "invalid_text"),
        ("captoin", "unknown_field"),
        ("files[1]", "required"),
        ("firstComment", "duplicate"),
        ("files[2]", "required"),
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (part("caption", b"a\0b"), ("caption", "invalid_text")),
        (part("caption", "\ud800".encode("utf-8", "surrogatepass")), ("caption", "invalid_text")),
        (part("caption", b"x", "caption.txt"), ("caption", "wrong_type")),
        (part("", b"x"), ("$", "unknown_field")),
        (part("caption", b"\xff") + part("caption", b"again"), ("caption", "invalid_text")),
    ],
)
async def test_single_faults(tmp_path: Path, content: bytes, expected: tuple[str, str]) -> None:
    assert expected in await faults(body(content), tmp_path)


async def test_too_many_files(tmp_path: Path) -> None:
    three = [part("files", b"x", "x") for _ in range(3)]
    form = await receive(body(*three), tmp_path)
    assert len(form.files) == 3
    form.discard()
    assert await faults(body(*three, part("files", b"x", "x")), tmp_path) == [("files", "too_many")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (body(part("caption", b"x" * 65_537)), "'caption' is larger than the 65,536 bytes"),
        (
            body(part("files", b"x" * (5 * MIB + 1), "big.mp4")),
            "'big.mp4' is larger than the 5,242,880 bytes",
        ),
        (body(*[part("files", b"x" * (5 * MIB), "x") for _ in range(3)]), "request body is larger than"),
        (body(part("caption", b"x")) + b"z" * 12 * MIB, "request body is larger than"),
        (body(*[part("other", b"x")] * (MAX_PARTS + 1)), "too many"),
        (b"--X-bound\r\nContent-Disposition: form-data; name=" + b"n" * 9000, "too large part"),
    ],
    ids=["text", "file", "total", "epilogue", "parts", "header"],
)
async def test_too_large(tmp_path: Path, content: bytes, words: str) -> None:
    problem = await refused(content, tmp_path)
    assert isinstance(problem, PayloadTooLarge)
    assert words in problem.message


async def test_limits_are_inclusive(tmp_path: Path) -> None:
    form = await receive(
        body(part("caption", b"x" * 65_536), part("files", b"x" * (5 * MIB), "full.mp4")), tmp_path
    )
    assert len(form.fields["caption"]) == 65_536
    assert form.files[0].size_bytes == 5 * MIB


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no multipart at all",
        GOOD[:-10],
        GOOD[:200],
        GOOD.replace(b"X-bound", b"Y-bound"),
        b"--X-bound\r\nContent-Type: text/plain\r\n\r\nx\r\n--X-bound--\r\n",
        b"--X-bound\r\nno colon here\r\n\r\nx\r\n--X-bound--\r\n",
        body(part("caption", b"x")).replace(b"caption", b"\xff\xfe"),
    ],
)
async def test_broken_framing(tmp_path: Path, content: bytes) -> None:
    assert await faults(content, tmp_path) == [("$", "malformed")]


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "multipart/mixed; boundary=x", "text/plain"]
)
async def test_other_types_are_refused(tmp_path: Path, content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="multipart/form-data"):
        await receive_form(content_type, pieces(GOOD, 99), tmp_path, LIMITS)


@pytest.mark.parametrize("boundary", ["", "; boundary=", '; boundary="a\nb"', "; boundary=" + "x" * 201])
async def test_an_unusable_boundary_is_a_fault(tmp_path: Path, boundary: str) -> None:
    with pytest.raises(Validation, match="boundary"):
        await receive_form("multipart/form-data" + boundary, pieces(GOOD, 99), tmp_path, LIMITS)


async def test_a_quoted_boundary_and_other_parameters(tmp_path: Path) -> None:
    content_type = 'Multipart/Form-Data; charset=utf-8; Boundary="X-bound"'
    form = await receive_form(content_type, pieces(GOOD, 99), tmp_path, LIMITS)
    assert len(form.files) == 2


# The caller goes away --------------------------------------------------------------------------------


class GoneError(Exception):
    pass


@pytest.mark.parametrize("after", [10, 150, 3 * MIB])
async def test_a_disconnect_removes_all_files(tmp_path: Path, after: int) -> None:
    content = GOOD[:-13] + part("files", b"x" * (4 * MIB), "big.mp4")

    async def broken() -> AsyncIterator[bytes]:
        yield content[:after]
        raise GoneError

    with pytest.raises(GoneError):
        await receive_form(TYPE, broken(), tmp_path, LIMITS)
    assert left_in(tmp_path) == []


async def test_a_cancelled_request_removes_all_files(tmp_path: Path) -> None:
    waiting = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield part("files", b"done", "a.mp4") + part("files", b"x" * 3 * MIB, "b.mp4")[:-2]
        waiting.set()
        await asyncio.sleep(60)

    receiving = asyncio.ensure_future(receive_form(TYPE, slow(), tmp_path, LIMITS))
    await waiting.wait()
    assert len(left_in(tmp_path)) == 2
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert left_in(tmp_path) == []


async def test_cancelling_in_the_middle_of_a_write_removes_all_files(tmp_path: Path) -> None:
    content = body(part("files", b"x" * 5 * MIB, "b.mp4"))
    for turns in range(1, 12):
        receiving = asyncio.ensure_future(receive(content, tmp_path))
        for _ in range(turns):
            await asyncio.sleep(0)
        receiving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await receiving
        assert left_in(tmp_path) == []


# Names and properties --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_name", "cleaned"),
    [
        ("a.mp4", "a.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\film.mov", "film.mov"),
        ("/", "file"),
        ("..", "file"),
        ("a/..", "file"),
        ("a\r\nb\x00c\x7f\x85.png", "abc.png"),
        ("gnp.\u202egpj.exe", "gnp.gpj.exe"),
        ("Ünïcödé 👨‍👩‍👧.jpg", "Ünïcödé 👨‍👩‍👧.jpg"),
        ("x" * 300 + ".mp4", "x" * 251 + ".mp4"),
        ("x" * 300, "x" * 255),
        ("  spaced.gif ", "spaced.gif"),
    ],
)
def test_filenames_are_made_harmless(given_name: str, cleaned: str) -> None:
    assert clean_filename(given_name) == cleaned


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_filename_becomes_one_component(name: str) -> None:
    cleaned = clean_filename(name)
    assert 1 <= len(cleaned) <= 255
    assert not set(cleaned) & set("/\\\0\r\n")
    assert cleaned not in (".", "..")
    assert clean_filename(cleaned) == cleaned


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=400), size=st.integers(1, 50))
def test_any_bytes_are_received_as_sent(
    content: bytes, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    form = asyncio.run(receive(body(part("files", content, "a")), folder, size))
    assert form.files[0].path.read_bytes() == content
    form.discard()


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=400), at=st.integers(0, len(GOOD)))
def test_any_garbage_is_a_form_or_a_problem(
    content: bytes, at: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("garbage")
    try:
        form = asyncio.run(receive(GOOD[:at] + content + GOOD[at:], folder))
    except Problem as problem:
        status = problem.status
    else:
        form.discard()
        status = 200
    assert status in (200, 413, 422)
    assert left_in(folder) == []
