"""The one folder a model may upload from."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

MOST_LISTED = 500


class OutsideError(Exception):
    """What is named is not a file inside of the folder."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, its links resolved. What lies outside does not exist, wherever links lead."""

    root: Path

    def file(self, name: str) -> Path:
        """Return the file of this name, relative to the folder. Raises OutsideError."""
        try:
            found = (self.root / name).resolve(strict=True)
        except (OSError, ValueError):
            raise OutsideError(f"There is no file {name}.") from None
        if not found.is_relative_to(self.root) or not found.is_file() or _is_hidden(found, self.root):
            raise OutsideError(f"There is no file {name}.")
        return found

    def files(self) -> Iterator[tuple[str, int]]:
        """Give name and size of what can be uploaded, hidden files left out."""
        found = (one for one in sorted(self.root.rglob("*")) if one.is_file() and not one.is_symlink())
        for one in islice((one for one in found if not _is_hidden(one, self.root)), MOST_LISTED):
            yield one.relative_to(self.root).as_posix(), one.stat().st_size


def _is_hidden(file: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(root).parts)
