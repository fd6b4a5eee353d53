"""Keys of `layers login`, each with the address it is for, in a file only its owner may read."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import typer

DEFAULT = "default"


class ProfileError(Exception):
    """What is stored cannot be used; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A key, and the installation it is sent to and to no other."""

    url: str
    key: str = field(repr=False)


def profiles_file() -> Path:
    """Return where profiles are kept: the user's folder for settings, as the system has it."""
    return Path(typer.get_app_dir("layers")) / "profiles.json"


def read_profiles() -> dict[str, Profile]:
    """Return all profiles by name. Raises ProfileError if others could read the file, or it makes no sense."""
    file = profiles_file()
    try:
        with file.open(encoding="utf-8") as opened:
            if os.name == "posix" and os.fstat(opened.fileno()).st_mode & 0o077:
                raise ProfileError(f"Others can read the keys in {file}. Run `chmod 600 {file}`.")
            stored: Any = json.load(opened)
        return {str(name): Profile(str(one["url"]), str(one["key"])) for name, one in stored.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as why:
        raise ProfileError(
            f"{file} cannot be read ({why}). Mend or remove it, then `layers login`."
        ) from None


def write_profiles(profiles: Mapping[str, Profile]) -> None:
    """Replace the file in one step; it is never there with keys that others could read."""
    file = profiles_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    number, name = tempfile.mkstemp(dir=file.parent, prefix=".profiles-")  # which makes it 0600
    with os.fdopen(number, "w", encoding="utf-8") as opened:
        json.dump({name: asdict(one) for name, one in profiles.items()}, opened, indent=2)
    Path(name).replace(file)
