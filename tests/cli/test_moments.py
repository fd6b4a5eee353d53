"""Times and accounts as people write them: what is meant, and what is refused."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from layers_sdk import Fit, Project, SocialAccount

from layers.client.destinations import UnclearError, accounts_of, destination_of, modes_from, project_of
from layers.client.moments import moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 4, 17, 22, 30, tzinfo=UTC)  # in Berlin it is Saturday already


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("2026-04-20 09:00", "2026-04-20T07:00:00+00:00"),
        ("2026-04-20T09:00", "2026-04-20T07:00:00+00:00"),
        ("2026-01-20 9:00", "2026-01-20T08:00:00+00:00"),
        ("today 18:30", "2026-04-18T16:30:00+00:00"),
        ("tomorrow 9:00", "2026-04-19T07:00:00+00:00"),
        ("Tomorrow at 9.05", "2026-04-19T07:05:00+00:00"),
        ("saturday 9:00", "2026-04-25T07:00:00+00:00"),
        ("sunday 9:00", "2026-04-19T07:00:00+00:00"),
        ("2026-04-20T09:00:00Z", "2026-04-20T09:00:00+00:00"),
        ("2026-04-20T09:00:30-05:00", "2026-04-20T14:00:30+00:00"),
    ],
)
def test_a_time_is_understood(words: str, meant: str):
    assert moment(words, BERLIN, NOW).isoformat() == meant


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("soon", "is no time"),
        ("9:00", "is no time"),
        ("2026-02-30 09:00", "is no day"),
        ("someday 09:00", "is no day"),
        ("2026-04-20 24:00", "is no time"),
        ("2026-04-20T09:00:30", "to the minute"),
        ("2026-03-29 02:30", "there is no 02:30 in Europe/Berlin"),
        ("2026-10-25 02:30", r"2026-10-25T02:30:00\+02:00 or 2026-10-25T02:30:00\+01:00"),
    ],
)
def test_what_is_no_time_or_two_is_refused(words: str, said: str):
    with pytest.raises(ValueError, match=said):
        moment(words, BERLIN, NOW)


def project(name: str) -> Project:
    return Project({"id": f"prj_{name}", "name": name, "status": "active"})


def account(platform: str, handle: str, number: int = 1) -> SocialAccount:
    raw = {"socialAccountId": f"sa_{platform}{number}", "platform": platform, "handle": handle}
    return SocialAccount(raw)


A, B = project("a"), project("b")
CONNECTED = [(A, account("one", "ann")), (A, account("two", "@Ann")), (B, account("one", "bob", 2))]


@pytest.mark.parametrize("words", ["one:@ann", "ONE:ann", "sa_one1"])
def test_an_account_is_found(words: str):
    found, [meant] = accounts_of(CONNECTED, [words])
    assert (found.id, meant.social_account_id) == ("prj_a", "sa_one1")
    assert len(accounts_of(CONNECTED, [words, words])[1]) == 1


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        (["@ann"], ["sa_one1 (one:@ann in a)", "sa_two1 (two:@Ann in a)"]),
        (["@nobody"], ["one:@ann", "two:@Ann", "one:@bob"]),
        (["one:@ann", "@bob"], ["prj_a (a): one:@ann", "prj_b (b): one:@bob"]),
    ],
)
def test_what_is_not_one_account_is_refused_with_the_choices(words: list[str], choices: list[str]):
    with pytest.raises(UnclearError) as refused:
        accounts_of(CONNECTED, words)
    assert refused.value.choices == choices


def test_a_project_is_named_by_id_or_name():
    assert project_of([A, B], "B") == project_of([A, B], "prj_b") == B
    with pytest.raises(UnclearError):
        project_of([A, B], "c")
    with pytest.raises(UnclearError):
        project_of([A, A], "a")


@pytest.mark.parametrize(
    ("given", "mode"),
    [([], "feed"), (["draft"], "draft"), (["one:draft", "direct"], "draft"), (["two:x"], "feed")],
)
def test_the_mode_is_the_one_given_or_the_first_that_fits(given: list[str], mode: str):
    fits = {"one": {"draft": Fit({"fits": True}), "feed": Fit({"fits": True}), "reels": Fit({"fits": False})}}
    usual = {"one": ["reels", "feed", "draft"]}
    assert destination_of(account("one", "ann"), modes_from(given), usual, fits).mode == mode
    assert destination_of(account("one", "ann"), {}, usual, {}).mode == "reels"
