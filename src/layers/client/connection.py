"""Which installation a command talks to, and with which key."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import typer
from layers_sdk import Layers, LayersError

from layers.client.profiles import DEFAULT, Profile, ProfileError, read_profiles
from layers.client.remedies import exit_code_of, remedy_of, words_of
from layers.terminal import NO_KEY, STOPPED, fail

RETRIES = 3
"""Of a call; a person is waiting."""
LOCAL = "http://127.0.0.1:8787"
OPERATOR = "`layers login` stores a key. On the installation itself `layers operator …` needs none."
ProfileName = Annotated[
    str | None,
    typer.Option("--profile", envvar="LAYERS_PROFILE", help="Use the key stored under this name."),
]


def chosen(name: str | None) -> Profile:
    """Return the key to use: of the profile that is named, else of the environment, else of `layers login`.

    A stored key goes to the address it was stored with, whatever LAYERS_BASE_URL says. Ends if there is none.
    """
    key, url = os.environ.get("LAYERS_API_KEY", ""), os.environ.get("LAYERS_BASE_URL", "")
    if key and name is None:
        return Profile(url or LOCAL, key)
    try:
        profiles = read_profiles()
    except ProfileError as why:
        fail(str(why), exit_code=NO_KEY)
    found = profiles.get(name or DEFAULT)
    if found is None and name:
        fail(f"There is no profile {name}.", f"There are: {', '.join(profiles) or 'none'}.", exit_code=NO_KEY)
    if found is None:
        fail("There is no key.", OPERATOR, exit_code=NO_KEY)
    if url and url.rstrip("/") != found.url:
        fail(
            f"LAYERS_BASE_URL is {url}, but the stored key is for {found.url}.",
            "Unset it, or give its key as LAYERS_API_KEY.",
            exit_code=NO_KEY,
        )
    return found


@contextmanager
def told() -> Generator[None]:
    """Turn refusals into words and an exit code."""
    try:
        yield
    except LayersError as error:
        known = {"code": error.code, "requestId": error.request_id, "idempotencyKey": error.idempotency_key}
        details = dict(error.details) or None
        fail(words_of(error), remedy_of(error), exit_code=exit_code_of(error), details=details, **known)
    except KeyboardInterrupt:
        fail("Stopped.", exit_code=STOPPED)


@contextmanager
def connected(name: str | None) -> Generator[Layers]:
    """Give a client with the chosen key; what is refused is told."""
    profile = chosen(name)
    with told(), Layers(profile.key, base_url=profile.url, max_retries=RETRIES) as layers:
        yield layers
