"""Files on their way up: opened and measured once, sent as often as it takes."""

import io
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Callable, Optional, Union

Content = Union[bytes, BinaryIO]
File = Union[str, "os.PathLike[str]", Content, tuple[str, Content]]
"""A path, bytes, a file that can be read from its beginning again, or (name, bytes or such a file)."""
Progress = Callable[[int, int], object]
"""Hears (bytes sent, bytes in all). When a try fails, the next one begins at 0."""
Parts = list[tuple[str, Any]]


class Counted:
    """A file that tells how far it was read."""

    def __init__(self, file: BinaryIO, tell: Callable[[], None]) -> None:
        self.sent = 0
        self._file = file
        self._tell = tell

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        chunk = self._file.read(size)
        self.sent += len(chunk)
        self._tell()
        return chunk

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()


@contextmanager
def form_of(
    files: Sequence[File], fields: Mapping[str, str], on_progress: Optional[Progress]
) -> Generator[Callable[[], Parts], None, None]:
    """Give what makes the parts of a form, anew for each try; files opened here are closed here."""
    with ExitStack() as opened:
        named = [_named(file, number, opened) for number, file in enumerate(files, 1)]
        total = sum(file.seek(0, io.SEEK_END) for _, file in named)

        def parts() -> Parts:
            def tell() -> None:
                if on_progress is not None:
                    on_progress(sum(file.sent for _, file in counted), total)

            counted = [(name, Counted(file, tell)) for name, file in named]
            return [
                *((name, (None, value)) for name, value in fields.items()),
                *(("files", (name, file)) for name, file in counted),
            ]

        yield parts


def _named(file: File, number: int, opened: ExitStack) -> tuple[str, BinaryIO]:
    name = f"file-{number}"
    if isinstance(file, tuple):
        name, file = file
    elif isinstance(file, (str, os.PathLike)):
        path = Path(file)
        return path.name, opened.enter_context(path.open("rb"))
    if isinstance(file, bytes):
        return name, io.BytesIO(file)
    if not file.seekable():
        raise ValueError(f"{name} cannot be read twice, so it could not be sent again. Give a path or bytes.")
    return name, file
