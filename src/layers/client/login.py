"""`layers login`, `logout` and `whoami`: whose key this is, and where it is kept."""

import os
import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer
from layers_sdk import Layers, Whoami

from layers.client.connection import LOCAL, RETRIES, ProfileName, chosen, connected, told
from layers.client.profiles import (
    DEFAULT,
    Profile,
    ProfileError,
    profiles_file,
    read_profiles,
    write_profiles,
)
from layers.terminal import NO_KEY, AsJson, err, fail, out, print_json

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def login(
    url: Annotated[
        str | None, typer.Option(help=f"The installation; default LAYERS_BASE_URL, else {LOCAL}.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The key; asked for if not given, read from stdin if `-`.")
    ] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Check a key and keep it for this user."""
    where = (url or os.environ.get("LAYERS_BASE_URL") or LOCAL).rstrip("/")
    key = _key(key, where)
    parts = urlsplit(where)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        err.print(
            f"[yellow]·[/] {where} is not https: whoever is on the way can read the key.", highlight=False
        )
    with told(), Layers(key, base_url=where, max_retries=RETRIES) as layers:
        who = layers.api_keys.whoami()
    try:
        write_profiles({**read_profiles(), profile or DEFAULT: Profile(where, key)})
    except ProfileError as why:
        fail(str(why))
    except OSError as why:
        fail(f"{profiles_file()} cannot be written: {why}.", "Set LAYERS_API_KEY instead.")
    _tell(who, where, as_json=as_json)
    if not as_json:
        out.print(f"Kept in {profiles_file()}.", highlight=False, soft_wrap=True)


def _key(given: str | None, where: str) -> str:
    if given is None:
        given = str(typer.prompt(f"Key for {where}", hide_input=True, err=True))
    return (sys.stdin.readline() if given == "-" else given).strip()


def logout(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Forget a stored key. It stays in force: `DELETE /v1/api-keys/:keyId` retires it."""
    name = profile or DEFAULT
    try:
        profiles = read_profiles()
        forgotten = profiles.pop(name, None)
        if forgotten is None:
            fail(f"There is no profile {name}.", exit_code=NO_KEY)
        write_profiles(profiles)
    except ProfileError as why:
        fail(str(why))
    if as_json:
        print_json({"profile": name, "url": forgotten.url})
    else:
        out.print(f"The key for {forgotten.url} is forgotten.", highlight=False)


def whoami(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Say whose key is used, where, and what it may do."""
    with connected(profile) as layers:
        who = layers.api_keys.whoami()
    _tell(who, chosen(profile).url, as_json=as_json)


def _tell(who: Whoami, url: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"url": url, **who.raw})
        return
    sandbox = ": posts go to the built-in sandbox" if who.environment == "test" else ""
    out.print(f"{who.organization_name} · {who.environment}{sandbox} · {url}", highlight=False, markup=False)
    out.print(f"{who.api_key_id} may: {' '.join(who.scopes)}", highlight=False, markup=False, soft_wrap=True)
