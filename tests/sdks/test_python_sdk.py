"""The Python SDK by itself: what the scenarios do not reach."""

import ast
import copy
import io
import pickle
import subprocess
import sys
import tomllib
import zipfile
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import layers_sdk
import pytest
from layers_sdk import _protocol as protocol
from layers_sdk.files import form_of
from layers_sdk.model import fill

from layers.kit.ids import new_id

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sdks/python"
KEY = "lp_test_ABCDEFGHIJKLMNOP_0123456789012345678901234567890123456789012"
POST = {
    "id": "sp_1",
    "status": "queued",
    "scheduledFor": "2026-04-18T19:18:42.5Z",
    "publishedAt": None,
    "lastError": {"code": "X", "message": "no", "retryable": False, "at": "2026-04-18T19:18:42+02:00"},
    "newer": {"a": 1},
}


def answered(status: int, json: object = None, **headers: str) -> httpx.Response:
    return httpx.Response(
        status, json=json, headers=headers, request=httpx.Request("POST", "http://127.0.0.1/v1/x")
    )


def failure(status: int, code: str, subcode: str | None = None, **headers: str) -> layers_sdk.LayersError:
    details = {"details": {"subcode": subcode}} if subcode else {}
    said = {"error": {"code": code, "message": "no", "requestId": "req_1", **details}}
    with pytest.raises(layers_sdk.LayersError) as caught:
        protocol.answer_of(answered(status, said, **headers))
    return caught.value


def test_what_is_made_is_what_the_contract_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "sdks/generate.py", "--check"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_python_3_9_can_read_it() -> None:
    files = list((PACKAGE / "src").rglob("*.py"))
    for file in files:
        ast.parse(file.read_text(), file.name, feature_version=(3, 9))
    assert len(files) > 15
    assert tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]["requires-python"] == ">=3.9"


def test_the_wheel_is_whole(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(command, cwd=PACKAGE, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        held = {
            Path(name).relative_to("layers_sdk")
            for name in packed.namelist()
            if name.startswith("layers_sdk/")
        }
        assert [name for name in packed.namelist() if name.endswith("licenses/LICENSE")]
        [metadata] = [packed.read(name).decode() for name in packed.namelist() if name.endswith("METADATA")]
    source = PACKAGE / "src/layers_sdk"
    assert held == {f.relative_to(source) for f in source.rglob("*") if f.suffix in {".py", ".typed"}}
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist")] == [
        "Requires-Dist: httpx<1,>=0.27"
    ]


# Answers ---------------------------------------------------------------------------------------------


def test_answers_are_typed_and_tolerant() -> None:
    post = layers_sdk.ScheduledPost(POST)
    assert post.scheduled_for == datetime(2026, 4, 18, 19, 18, 42, 500_000, UTC)
    assert (post.published_at, post.caption, post.raw["newer"]) == (None, None, {"a": 1})
    assert isinstance(post.last_error, layers_sdk.LastError)
    assert post.last_error.at == datetime(2026, 4, 18, 17, 18, 42, tzinfo=UTC)
    odd = layers_sdk.ScheduledPost({"id": 7, "scheduledFor": "soon", "lastError": "no"})
    assert (odd.id, odd.scheduled_for, odd.last_error) == (7, "soon", "no")
    fits = layers_sdk.Container({"platformFit": {"a": {"b": {"fits": True}}}, "assets": [{"id": "ast_1"}]})
    assert (fits.platform_fit["a"]["b"].fits, fits.assets[0].id) == (True, "ast_1")


def test_answers_compare_copy_and_print() -> None:
    post = layers_sdk.ScheduledPost(POST)
    assert post == pickle.loads(pickle.dumps(post)) == copy.deepcopy(post)
    assert post != layers_sdk.ScheduledPost({**POST, "status": "failed"})
    assert repr(post).startswith("ScheduledPost(id='sp_1', ")
    shown = layers_sdk.ShownKey({"key": KEY, "apiKey": {"apiKeyId": "key_1"}})
    assert KEY not in f"{shown!r} {shown} {[shown]}"
    assert shown.key == KEY


def test_every_field_of_every_model_is_read() -> None:
    """No name is lost on the way to snake case and back."""
    models = [
        one
        for one in vars(layers_sdk).values()
        if isinstance(one, type) and issubclass(one, layers_sdk.Model)
    ]
    assert len(models) > 60
    for model in models:
        names = [name for name in model.__annotations__ if model is not layers_sdk.Model]
        raw = {layers_sdk.model.camel(name): object() for name in names}
        read = model(raw)
        assert [getattr(read, name) for name in names] == list(raw.values()), model


# Errors ----------------------------------------------------------------------------------------------


def test_errors_survive_pickling() -> None:
    error = failure(409, "CONFLICT", "DUPLICATE_POST")
    error.idempotency_key = "k"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), vars(again), str(again)) == (type(error), vars(error), "CONFLICT: no (req_1)")
    late = layers_sdk.WaitTimeoutError("late", layers_sdk.ScheduledPost(POST))
    assert pickle.loads(pickle.dumps(late)).post == late.post


def test_an_error_shows_its_details() -> None:
    error = layers_sdk.ApprovalRequiredError(
        "no", details={"containerId": "cnt_1", "pendingSchedule": {"targets": []}}
    )
    assert (error.container_id, error.approval_status, error.pending_schedule.targets) == ("cnt_1", None, [])
    issue = {"path": "a", "message": "b", "code": "c"}
    assert layers_sdk.ValidationError("no", details={"issues": [issue]}).issues == [layers_sdk.Issue(issue)]


def test_every_code_has_its_class() -> None:
    for code, of in layers_sdk.refusals.BY_CODE.items():
        found = failure(400, code)
        assert (type(found), found.code, found.request_id, found.status) == (of, code, "req_1", 400)


@pytest.mark.parametrize(
    ("found", "again"),
    [
        (failure(500, "INTERNAL"), True),
        (failure(503, "UNAVAILABLE"), True),
        (failure(503, "KILL_SWITCH"), False),
        (failure(429, "RATE_LIMITED"), True),
        (failure(408, "REQUEST_TIMEOUT"), True),
        (failure(409, "CONFLICT", "IDEMPOTENCY_IN_FLIGHT"), True),
        (failure(409, "CONFLICT", "DUPLICATE_POST"), False),
        (failure(409, "CONFLICT"), False),
        (failure(422, "VALIDATION"), False),
        (layers_sdk.NetworkError("gone"), True),
        (layers_sdk.AnswerTimeoutError("late"), True),
        (layers_sdk.UnexpectedAnswerError("?", status=502), True),
        (layers_sdk.UnexpectedAnswerError("?", status=200), False),
    ],
    ids=str,
)
def test_what_is_tried_again(found: layers_sdk.LayersError, again: bool) -> None:
    assert (protocol.pause_before_next(found, 1, 4) is not None) is again
    assert protocol.pause_before_next(found, 5, 4) is None


def test_pauses_grow_and_end() -> None:
    gone = layers_sdk.NetworkError("gone")
    for tries, longest in ((1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (9, 8)):
        found = [protocol.pause_before_next(gone, tries, 10) or 0 for _ in range(200)]
        assert longest / 2 <= min(found) < max(found) <= longest


def waits(header: str) -> float | None:
    return failure(429, "RATE_LIMITED", **{"Retry-After": header}).retry_after


def test_retry_after_is_seconds_or_a_date() -> None:
    assert (waits("0"), waits("7"), waits("soon"), waits("-1"), waits("")) == (0, 7, None, None, None)
    now = datetime.now(UTC)
    ahead = waits(format_datetime(now + timedelta(seconds=30), usegmt=True))
    assert ahead is not None
    assert 25 < ahead <= 30
    assert waits(format_datetime(now - timedelta(hours=1), usegmt=True)) == 0
    asked = failure(429, "RATE_LIMITED", **{"Retry-After": "5"})
    assert all(5 <= (protocol.pause_before_next(asked, 1, 4) or 0) <= 5.5 for _ in range(50))
    assert protocol.pause_before_next(failure(503, "UNAVAILABLE", **{"Retry-After": "61"}), 1, 4) is None


# Arguments -------------------------------------------------------------------------------------------


def test_what_is_left_out_is_not_sent() -> None:
    assert protocol.body_of({"a": None, "b": False, "c": ""}, None) == b'{"b": false, "c": ""}'
    assert protocol.body_of({"a": None, "b": layers_sdk.NOT_GIVEN}, layers_sdk.NOT_GIVEN) == b'{"a": null}'
    assert protocol.body_of({"a": None}, None) is None
    query = protocol.query_of(
        {"status": ["a", "b"], "since": datetime(2026, 1, 2, tzinfo=UTC), "limit": 5, "x": None}
    )
    assert str(query) == "status=a&status=b&since=2026-01-02T00%3A00%3A00%2B00%3A00&limit=5"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        protocol.body_of({"scheduledFor": datetime(2026, 1, 2)}, None)  # noqa: DTZ001
    with pytest.raises(TypeError, match="object"):
        protocol.body_of({"metadata": {"a": object()}}, None)


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_what_is_no_id_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        protocol.segment(value)


@pytest.mark.parametrize("key", ["", "a b", "ä", "a\n", "x" * 256])
def test_a_key_that_cannot_be_sent_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="idempotency_key"):
        protocol.checked_key(key)


def test_settings_come_from_arguments_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERS_API_KEY", f" {KEY}\n")
    monkeypatch.delenv("LAYERS_BASE_URL", raising=False)
    assert repr(layers_sdk.Layers()) == "Layers(base_url='http://127.0.0.1:8787')"
    monkeypatch.setenv("LAYERS_BASE_URL", "https://layers.example/")
    assert repr(layers_sdk.AsyncLayers()) == "AsyncLayers(base_url='https://layers.example')"
    assert "other" in repr(layers_sdk.Layers(base_url="http://other.example"))
    with pytest.raises(layers_sdk.LayersError, match="base_url"):
        layers_sdk.Layers(base_url="layers.example")
    for bad in ("two words", "lp_test_\nX", "kéy"):
        with pytest.raises(layers_sdk.LayersError, match="api_key") as caught:
            layers_sdk.Layers(bad)
        assert bad not in str(caught.value)
    monkeypatch.delenv("LAYERS_API_KEY")
    with pytest.raises(layers_sdk.LayersError, match="LAYERS_API_KEY"):
        layers_sdk.Layers()


def test_a_client_of_ones_own_is_left_open() -> None:
    with httpx.Client() as own:
        with layers_sdk.Layers(KEY, http_client=own) as layers:
            assert layers._http is own
        assert not own.is_closed
    with layers_sdk.Layers(KEY) as layers:
        pass
    assert layers._http.is_closed


# Files -----------------------------------------------------------------------------------------------


def test_files_are_named_measured_and_closed(tmp_path: Path) -> None:
    (tmp_path / "ä.jpg").write_bytes(b"12345")
    mine, heard = io.BytesIO(b"678"), []
    files = [tmp_path / "ä.jpg", b"ab", ("c.png", b"c"), mine]
    with form_of(files, {"caption": "x"}, lambda sent, total: heard.append((sent, total))) as parts:
        for _ in range(2):
            caption, *sent = parts()
            assert caption == ("caption", (None, "x"))
            assert [name for _, (name, _) in sent] == ["ä.jpg", "file-2", "c.png", "file-4"]
            heard.clear()
            read = []
            for _, (_, file) in sent:
                file.seek(0)
                read.append(file.read())
            assert read == [b"12345", b"ab", b"c", b"678"]
            assert heard == [(5, 11), (7, 11), (8, 11), (11, 11)]
        opened = sent[0][1][1]._file
    assert opened.closed
    assert not mine.closed


def test_a_file_that_cannot_be_read_twice_is_refused() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(ValueError, match="file-1 cannot be read twice"), form_of([Pipe()], {}, None):
        pass


# Against the server ----------------------------------------------------------------------------------


def every_form_of(file: Path) -> list[layers_sdk.files.File]:
    return [str(file), file, file.read_bytes(), ("x.jpg", io.BytesIO(file.read_bytes()))]


async def test_uploads_take_paths_bytes_and_files(client, image: Path) -> None:
    project = await client.project()
    async with layers_sdk.AsyncLayers(client.key, base_url=client.origin) as layers:
        made = await layers.content.upload(project, files=every_form_of(image))
    assert {asset.sha256 for asset in made.assets} == {made.assets[0].sha256}
    assert len(made.assets) == 4


async def test_a_page_can_be_gone_on_from(client) -> None:
    project = await client.project()
    ids = [await client.text(project, f"{number}") for number in range(3)]
    async with layers_sdk.AsyncLayers(client.key, base_url=client.origin) as layers:
        listed = layers.content.list(project, limit=2)
        first = await anext(aiter(listed.pages()))
        rest = [one.id async for one in layers.content.list(project, limit=2, cursor=first.next_cursor)]
        assert [*(one.id for one in first.items), *rest] == ids[::-1]
        assert [one.id async for one in listed] == [one.id async for one in listed] == ids[::-1]


async def test_a_kept_intent_can_be_sent_again(client) -> None:
    """What an error tells of targets has the form in which they are sent."""
    project = await client.project()
    account = await client.account(project)
    async with layers_sdk.AsyncLayers(client.key, base_url=client.origin) as layers:
        await layers.approval.update_policy(project, requires_approval=True)
        container = await layers.content.create_text(project, caption="hello")
        with pytest.raises(layers_sdk.ApprovalRequiredError) as caught:
            await layers.publishing.publish_now(
                container.id, targets=[{"socialAccountId": account, "mode": "direct_publish"}]
            )
        verdict = await layers.publishing.validate(
            container.id, targets=caught.value.pending_schedule.targets
        )
        assert (verdict.valid, verdict.gate) == (True, "pending")


def test_an_event_is_of_its_class() -> None:
    for name, of in layers_sdk.models.EVENTS.items():
        event = of(
            {"id": new_id("evt"), "type": name, "createdAt": "2026-01-02T00:00:00Z", "data": {"newer": 1}}
        )
        assert (event.type, event.created_at.year) == (name, 2026)
        assert isinstance(event.data, layers_sdk.Model)


def test_fill_reads_only_what_is_said() -> None:
    class Empty(layers_sdk.Model):
        """Nothing of its own."""

    read = Empty({"raw": 1})
    fill(read, {"raw": 2})
    assert read.raw == {"raw": 1}
