"""Who `--to` and `--project` mean, and in which mode. Pure; what is not one thing only is refused with the choices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from layers_sdk import Fit, Platform, Project, SocialAccount, Target

Connected = Sequence[tuple[Project, SocialAccount]]


class UnclearError(Exception):
    """Nothing or several things are meant. `choices`: how each can be said."""

    def __init__(self, message: str, choices: Sequence[str]) -> None:
        super().__init__(message)
        self.message = message
        self.choices = choices


@dataclass(frozen=True, slots=True)
class Destination:
    """An account and how it is posted there."""

    account: SocialAccount
    mode: str

    @property
    def name(self) -> str:
        """How a person calls it."""
        return name_of(self.account)

    @property
    def target(self) -> Target:
        """It, as publish takes it."""
        return {"socialAccountId": self.account.social_account_id, "mode": self.mode}


def name_of(account: SocialAccount) -> str:
    """Return how a person calls an account, as `--to` takes it."""
    return f"{account.platform}:@{account.handle.removeprefix('@')}"


def project_of(projects: Sequence[Project], wanted: str) -> Project:
    """Return the project with this id or name. Raises UnclearError."""
    found = [one for one in projects if wanted in (one.id, one.name)] or [
        one for one in projects if one.name.casefold() == wanted.casefold()
    ]
    if len(found) != 1:
        words = f"There is no project {wanted}." if not found else f"Several projects are called {wanted}."
        raise UnclearError(words, [f"{one.id} ({one.name})" for one in found or projects])
    return found[0]


def accounts_of(connected: Connected, wanted: Sequence[str]) -> tuple[Project, list[SocialAccount]]:
    """Return whom `wanted` means, each only once, and the project all of them are in. Raises UnclearError."""
    found = list(
        {one.social_account_id: (project, one) for project, one in _each(connected, wanted)}.values()
    )
    projects = {project.id: project for project, _ in found}
    if len(projects) > 1:
        words = "These accounts are in several projects; a post goes out from one. Say which with --project."
        raise UnclearError(
            words, [f"{project.id} ({project.name}): {name_of(one)}" for project, one in found]
        )
    return next(iter(projects.values())), [one for _, one in found]


def _each(connected: Connected, wanted: Sequence[str]) -> Connected:
    return [_account(connected, words) for words in wanted]


def _account(connected: Connected, words: str) -> tuple[Project, SocialAccount]:
    found = [(project, one) for project, one in connected if words == one.social_account_id]
    found = found or [(project, one) for project, one in connected if _means(words, one)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnclearError(f"No connected account is {words}.", [name_of(one) for _, one in connected])
    raise UnclearError(
        f"{words} is not one account only.",
        [f"{one.social_account_id} ({name_of(one)} in {project.name})" for project, one in found],
    )


def _means(words: str, account: SocialAccount) -> bool:
    platform, colon, handle = words.rpartition(":")
    if colon and platform.casefold() != account.platform.casefold():
        return False
    return handle.removeprefix("@").casefold() == account.handle.removeprefix("@").casefold()


def modes_from(given: Sequence[str]) -> dict[str, str]:
    """Read `--mode MODE` and `--mode PLATFORM:MODE`; the mode of all platforms is that of ""."""
    return {platform: mode for platform, _, mode in (words.rpartition(":") for words in given)}


def usual_modes(platforms: Sequence[Platform]) -> dict[str, list[str]]:
    """Return each platform's modes, those first that end in public."""
    return {
        one.platform: [mode.mode for mode in sorted(one.modes, key=lambda mode: mode.ends_in != "published")]
        for one in platforms
    }


def destination_of(
    account: SocialAccount,
    given: Mapping[str, str],
    usual: Mapping[str, Sequence[str]],
    fits: Mapping[str, Mapping[str, Fit]],
) -> Destination:
    """Return where and how: in the mode given, else the first of the usual ones that takes this content."""
    mode = given.get(account.platform) or given.get("")
    if mode is None:
        known, fitting = usual.get(account.platform, ()), fits.get(account.platform, {})
        mode = next((name for name in known if name in fitting and fitting[name].fits), next(iter(known), ""))
    return Destination(account, mode)
