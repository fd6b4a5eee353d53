"""Receives multipart/form-data (RFC 7578) as it arrives: text to memory, files to disk.

It refuses what it was not told to expect, names every fault at once where the framing allows to go on,
and leaves no file behind when anything fails, the caller's going away included.
"""

import asyncio
import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,  # pyright: ignore[reportUnknownVariableType]
)

from layers.api.errors import PayloadTooLarge, UnsupportedMediaType, Validation, one_issue
from layers.kit.canonical import fingerprint
from layers.kit.problems import Issue
from layers.kit.text import unstorable

WRITE_BYTES = 1024 * 1024
"""How much of a file is gathered before a thread hashes and writes it."""
MAX_PARTS = 100
MAX_FILENAME = 255
BIDI_CONTROLS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLimits:
    """What a form may hold. Names outside `text_fields` and `file_fields` are faults; sizes are bytes."""

    text_fields: frozenset[str]
    file_fields: frozenset[str]
    max_files: int
    max_file_bytes: int
    max_total_bytes: int
    max_text_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class FormFile:
    """One received file. `filename` is one path component; `content_type` is only what the sender says."""

    field: str
    filename: str
    content_type: str
    path: Path
    size_bytes: int
    sha256: str


@dataclass(slots=True)
class Form:
    """A whole form. The temporary files belong to the caller, who moves them away or calls `discard`."""

    fields: dict[str, str] = field(default_factory=dict[str, str])
    files: list[FormFile] = field(default_factory=list[FormFile])

    @property
    def fingerprint(self) -> bytes:
        """Return 32 bytes, equal for equal forms whatever the boundary and the order of text parts."""
        texts = [(name, None, _sha256(text.encode())) for name, text in sorted(self.fields.items())]
        return fingerprint([*texts, *((file.field, file.filename, file.sha256) for file in self.files)])

    def discard(self) -> None:
        """Delete the temporary files that are still where they were received."""
        for file in self.files:
            file.path.unlink(missing_ok=True)


async def receive_form(
    content_type: str, chunks: AsyncIterator[bytes], folder: Path, limits: FormLimits
) -> Form:
    """Read a form from the body `chunks`, its files into `folder`.

    Raises UnsupportedMediaType, PayloadTooLarge, or Validation with every fault found; whatever else
    `chunks` raises passes through. In all these cases, and when cancelled, no file stays in `folder`.
    """
    receiver = _Receiver(folder, limits)
    parser = _parser(content_type)
    total = 0
    with ExitStack() as on_failure:
        on_failure.callback(receiver.abandon)
        try:
            async for chunk in chunks:
                total += len(chunk)
                if total > limits.max_total_bytes:
                    raise _too_large("The request body", limits.max_total_bytes)
                for event in parser.parse(chunk) if chunk else ():
                    await receiver.take(event)
            parser.close()
        except ParserLimitReached as why:
            raise PayloadTooLarge(
                f"The form has too many or too large parts or part headers: {why}."
            ) from why
        except MultipartError as why:
            words = f"The multipart body is malformed: {why}. Was it sent whole, under its own boundary?"
            raise one_issue("$", words, "malformed") from why
        receiver.check()
        on_failure.pop_all()
    return receiver.form


def _parser(content_type: str) -> PushMultipartParser:
    media_type, options = cast("tuple[str, dict[str, str]]", parse_options_header(content_type))
    if media_type != "multipart/form-data":
        raise UnsupportedMediaType(
            f"This route takes multipart/form-data, got {media_type or 'no Content-Type'}.",
            {"accepted": ["multipart/form-data"]},
        )
    boundary = options.get("boundary", "")
    # RFC 2046, 5.1.1: 1 to 70 characters; some senders use a few more.
    if not 1 <= len(boundary) <= 200 or not boundary.isascii() or not boundary.isprintable():
        raise one_issue("$", "The Content-Type header carries no usable boundary.", "malformed")
    return PushMultipartParser(boundary, max_segment_count=MAX_PARTS)


# One part at a time -----------------------------------------------------------------------------------


class _Text:
    """A text part in the making."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self._limit = limit
        self._bytes = bytearray()

    async def write(self, data: bytes) -> None:
        self._bytes += data
        if len(self._bytes) > self._limit:
            raise _too_large(f"The part {self.name!r}", self._limit)

    async def finish(self, form: Form) -> list[Issue]:
        try:
            text = self._bytes.decode("utf-8")
        except UnicodeDecodeError as why:
            words = f"The text is not UTF-8 (byte {why.start}); send it as UTF-8."
            return [Issue(self.name, words, "invalid_text")]
        if reason := unstorable(text):
            return [Issue(self.name, f"The text {reason}; remove it.", "invalid_text")]
        form.fields[self.name] = text
        return []

    def abandon(self) -> None:
        self._bytes.clear()


class _File:
    """A file part in the making: hashed and written in large pieces, in a thread."""

    def __init__(self, name: str, filename: str, content_type: str, folder: Path, limit: int) -> None:
        self.name, self.filename, self.content_type = name, filename, content_type
        self._limit = limit
        self._size = 0
        self._pending = bytearray()
        self._digest = hashlib.sha256()
        descriptor, path = tempfile.mkstemp(prefix="upload-", dir=folder)
        self.path = Path(path)
        # Buffered for its lock: closing waits for a write that a cancelled task left in a thread.
        self._file: IO[bytes] = os.fdopen(descriptor, "wb")

    async def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise _too_large(f"The file {self.filename!r}", self._limit)
        self._pending += data
        if len(self._pending) >= WRITE_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        pending, self._pending = self._pending, bytearray()
        await asyncio.to_thread(self._write, pending)

    def _write(self, data: bytearray) -> None:
        self._digest.update(data)
        self._file.write(data)

    async def finish(self, form: Form) -> list[Issue]:
        await self._flush()
        await asyncio.to_thread(self._file.close)
        sha256 = self._digest.hexdigest()
        form.files.append(
            FormFile(self.name, self.filename, self.content_type, self.path, self._size, sha256)
        )
        return []

    def abandon(self) -> None:
        self.path.unlink(missing_ok=True)
        with suppress(OSError):  # a full disk takes not even what is left to write
            self._file.close()


class _Receiver:
    """Sorts the parser's events into texts, files and faults."""

    def __init__(self, folder: Path, limits: FormLimits) -> None:
        self.form = Form()
        self._folder = folder
        self._limits = limits
        self._part: _Text | _File | None = None
        self._issues: list[Issue] = []
        self._seen: set[str] = set()
        self._files = 0

    async def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        """Take a part's head, a piece of its body, or its end (None). Faulty parts are read and dropped."""
        if isinstance(event, MultipartSegment):
            self._part = self._open(event)
        elif self._part is None:
            return
        elif event is None:
            self._issues += await self._part.finish(self.form)
            self._part = None
        else:
            await self._part.write(bytes(event))

    def check(self) -> None:
        """Raise Validation when any fault was seen."""
        if self._files > self._limits.max_files:
            words = f"At most {self._limits.max_files} files are allowed, got {self._files}."
            self._issues.append(Issue(min(self._limits.file_fields), words, "too_many"))
        if self._issues:
            raise Validation(self._issues)

    def abandon(self) -> None:
        """Delete every file received so far, the unfinished one included."""
        if self._part is not None:
            self._part.abandon()
        self.form.discard()

    def _open(self, head: MultipartSegment) -> _Text | _File | None:
        name = head.name or ""
        if name in self._limits.text_fields:
            return self._open_text(name, head)
        if name in self._limits.file_fields:
            return self._open_file(name, head)
        known = ", ".join(sorted(self._limits.text_fields | self._limits.file_fields))
        self._issues.append(Issue(name or "$", f"Unknown part; known here: {known}.", "unknown_field"))
        return None

    def _open_text(self, name: str, head: MultipartSegment) -> _Text | None:
        duplicate = name in self._seen
        self._seen.add(name)
        if duplicate:
            self._issues.append(Issue(name, "This part was sent more than once; send it once.", "duplicate"))
            return None
        if head.filename is not None:
            self._issues.append(Issue(name, "This part is text; send it without a filename.", "wrong_type"))
            return None
        return _Text(name, self._limits.max_text_bytes)

    def _open_file(self, name: str, head: MultipartSegment) -> _File | None:
        index = self._files
        self._files += 1
        if not head.filename:
            self._issues.append(
                Issue(f"{name}[{index}]", "The file part has no filename; send one.", "required")
            )
            return None
        if self._issues or self._files > self._limits.max_files:
            return None  # the form is refused anyway
        filename = clean_filename(head.filename)
        content_type = head.content_type or "application/octet-stream"
        return _File(name, filename, content_type, self._folder, self._limits.max_file_bytes)


def clean_filename(name: str) -> str:
    """Return the last path component of `name`, at most 255 characters, free of control characters."""
    visible = "".join(c for c in BIDI_CONTROLS.sub("", name) if unicodedata.category(c) != "Cc")
    last = re.split(r"[/\\]", visible)[-1].strip()
    if last.strip(".") == "":
        return "file"
    suffix = PurePosixPath(last).suffix[:20]
    return last if len(last) <= MAX_FILENAME else last[: MAX_FILENAME - len(suffix)] + suffix


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _too_large(what: str, limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"{what} is larger than the {limit:,} bytes allowed.", {"limitBytes": limit})
