"""The embedded PostgreSQL against real servers: who may stop it, and what it survives."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from layers.db import embedded
from layers.db.embedded import EmbeddedError

SOURCE = Path(embedded.__file__).parents[2]
NOBODY = 65534
MEMORY = Path("/dev/shm")  # a database is 1,300 files: on a slow disk making them takes most of the time
ROOM = MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2**30 else None

# Another process that uses the server until its stdin closes, and then leaves through atexit.
USER = """
import os, sys
from pathlib import Path
from layers.db import embedded
if len(sys.argv) > 2:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
    assert os.geteuid() == int(sys.argv[2])
print(embedded.start(Path(sys.argv[1]), fsync=False).url, flush=True)
sys.stdin.read()
"""


class User:
    """A process of its own at the server of `data_dir`."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data_dir), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(SOURCE)},
            text=True,
            start_new_session=True,
        )

    def url(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        self.process.communicate(timeout=30)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


Join = Callable[..., User]


def server_owner() -> int | None:
    """The user to act as where the server's user must own something; None: we are that user."""
    return pwd.getpwnam(embedded.SYSTEM_USER).pw_uid if os.geteuid() == 0 else None


@contextmanager
def own_folder() -> Generator[Path]:
    """Not pytest's tmp_path: its name is long, and every other pytest run closes it to the server's user."""
    folder = Path(tempfile.mkdtemp(prefix="layers-test-", dir=ROOM))
    try:
        yield folder
    finally:
        end(servers(folder))
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made_once() -> Generator[Path]:
    with own_folder() as folder:
        embedded.start(folder, fsync=False).close()
        yield folder / "postgres"


@pytest.fixture
def new_dir() -> Generator[Path]:
    """A data folder that does not exist yet."""
    with own_folder() as folder:
        yield folder / "data"


@pytest.fixture
def data_dir(new_dir: Path, made_once: Path) -> Path:
    """A data folder that a server left in peace; copied, because initdb takes a second."""
    new_dir.mkdir(mode=0o700)
    subprocess.run(["cp", "-a", made_once, new_dir / "postgres"], check=True)
    return new_dir


@pytest.fixture
def join() -> Generator[Join]:
    users: list[User] = []

    def join(folder: Path, *arguments: str) -> User:
        users.append(User(folder, *arguments))
        return users[-1]

    yield join
    for user in users:
        user.kill()


def servers(folder: Path) -> list[int]:
    """Server processes working in `folder`, also after it was deleted."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,comm="], capture_output=True, text=True, check=True)
    pids = [int(line.split()[0]) for line in listed.stdout.splitlines() if line.split()[1] == "postgres"]
    return [pid for pid in pids if works_in(pid, folder)]


def works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    except FileNotFoundError:
        return False


def end(pids: list[int]) -> None:
    """At once but not by SIGKILL, after which shared memory would stay behind."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
    for pid in pids:
        wait_until_gone(pid)


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while not is_gone(pid):
        assert time.monotonic() < deadline, f"process {pid} does not end"
        time.sleep(0.01)


def ask(url: str, query: str) -> object:
    async def fetch() -> object:
        # asyncpg declares no types for these
        connection = await asyncpg.connect(url)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        try:
            return await connection.fetchval(query)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        finally:
            await connection.close()  # pyright: ignore[reportUnknownMemberType]

    return asyncio.run(fetch())


def write(url: str) -> None:
    ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")


def read(url: str) -> object:
    return ask(url, "SELECT answer FROM kept")


def pretend(data_dir: Path, pid: int) -> None:
    """Leave the postmaster.pid, socket and socket lock of a killed server whose pid is now `pid`."""
    folder = next(data_dir.glob("layers-pg-*"), data_dir / "layers-pg-0123456789abcdef")
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = (data_dir / "postgres").stat()
    lines = f"{pid}\n{data_dir}/postgres\n1700000000\n5432\n{folder}\n\n  1 2\nready   \n"
    for path in (data_dir / "postgres" / "postmaster.pid", folder / ".s.PGSQL.5432.lock"):
        path.write_text(lines)
        path.chmod(0o600)
        os.chown(path, owner.st_uid, owner.st_gid)
    os.chown(folder, owner.st_uid, owner.st_gid)


def test_data_survives_a_restart_and_both_kinds_of_client_connect(new_dir: Path) -> None:
    with embedded.start(new_dir) as first:
        write(first.url)
        assert ask(first.url, "SHOW fsync") == "on"
        assert ask(first.url, "SHOW synchronous_commit") == "on"
        assert ask(first.url, "SHOW listen_addresses") == ""
        assert ask(first.url, "SHOW server_encoding") == "UTF8"
        pid = postmaster(new_dir)
    assert is_gone(pid)
    with embedded.start(new_dir) as again:
        assert read(again.url) == 42
        psql = embedded.POSTGRES_VERSIONS[embedded.MAJOR] / "psql"
        done = subprocess.run([psql, "-XAt", again.url, "-c", "TABLE kept"], capture_output=True, text=True)
        assert done.stdout == "42\n", done.stderr
    assert servers(new_dir) == []


def test_starting_twice_is_one_place_and_fast(data_dir: Path) -> None:
    first = embedded.start(data_dir, fsync=False)
    before = time.monotonic()
    second = embedded.start(data_dir, fsync=False)
    assert time.monotonic() - before < 2  # 10 ms on an idle machine, where a start takes seconds
    assert second == first
    second.close()
    first.close()
    assert servers(data_dir) == []


def test_nobody_else_reaches_data_socket_or_log(data_dir: Path) -> None:
    with embedded.start(data_dir, fsync=False):
        for folder in (data_dir / "postgres", *data_dir.glob("layers-pg-*")):
            assert folder.stat().st_mode & 0o077 == 0
        assert (data_dir / "postgres.log").stat().st_mode & 0o077 == 0
        assert data_dir.stat().st_mode & 0o066 == 0
        assert (data_dir / "postgres").stat().st_uid != 0


def test_the_last_one_to_leave_stops_the_server(data_dir: Path, join: Join) -> None:
    first, second = join(data_dir), join(data_dir)
    url = first.url()
    assert second.url() == url
    pid = postmaster(data_dir)
    first.leave()
    assert ask(url, "SELECT 1") == 1
    second.leave()
    assert is_gone(pid)


def test_a_killed_owner_leaves_a_server_that_is_joined_and_then_stopped(data_dir: Path, join: Join) -> None:
    owner = join(data_dir)
    write(owner.url())
    pid = postmaster(data_dir)
    owner.kill()
    assert not is_gone(pid)
    with embedded.start(data_dir) as joined:
        assert postmaster(data_dir) == pid
        assert read(joined.url) == 42
    assert is_gone(pid)


def test_a_killed_server_is_recovered_with_its_data(data_dir: Path) -> None:
    with embedded.start(data_dir) as first:
        write(first.url)
        pid = postmaster(data_dir)
        os.kill(pid, signal.SIGKILL)
        again = embedded.start(data_dir)
        assert postmaster(data_dir) != pid
        assert read(again.url) == 42
    assert servers(data_dir) == []


def test_server_and_owner_killed_together(data_dir: Path, join: Join) -> None:
    owner = join(data_dir)
    write(owner.url())
    os.kill(postmaster(data_dir), signal.SIGKILL)
    owner.kill()
    with embedded.start(data_dir, fsync=False) as again:
        assert read(again.url) == 42


def test_a_stale_pid_file_of_a_dead_or_an_unrelated_process_is_no_server(data_dir: Path) -> None:
    embedded.start(data_dir, fsync=False).close()
    with subprocess.Popen(["sleep", "60"], user=server_owner(), start_new_session=True) as unrelated:
        pretend(data_dir, unrelated.pid)  # the server's own user: PostgreSQL itself would refuse to start
        with embedded.start(data_dir, fsync=False) as alive:
            assert ask(alive.url, "SELECT 1") == 1
        pretend(data_dir, unrelated.pid)
        assert unrelated.poll() is None
        unrelated.kill()
    with embedded.start(data_dir, fsync=False) as dead:
        assert ask(dead.url, "SELECT 1") == 1


def test_leaving_a_dead_server_signals_nobody(data_dir: Path) -> None:
    with (
        subprocess.Popen(["sleep", "60"], user=server_owner(), start_new_session=True) as unrelated,
        embedded.start(data_dir, fsync=False) as place,
    ):
        end(servers(data_dir))
        pretend(data_dir, unrelated.pid)
        place.close()
        assert unrelated.poll() is None
        unrelated.kill()


def test_a_path_too_long_for_a_socket_gets_a_short_private_folder(data_dir: Path) -> None:
    far = data_dir.parent / ("long" * 30)
    with embedded.start(far, fsync=False) as place:
        folder = Path(place.url.partition("host=")[2].partition("&")[0])
        assert not folder.is_relative_to(far)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert ask(place.url, "SELECT 1") == 1
    assert not folder.exists()


def test_a_short_folder_that_somebody_else_made_is_refused(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far, shared = data_dir.parent / ("long" * 30), data_dir.parent / "shared"
    embedded.start(far, fsync=False).close()
    shared.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(shared))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with embedded.start(far, fsync=False) as place:
        folder = Path(place.url.partition("host=")[2].partition("&")[0])
    folder.symlink_to(data_dir.parent)
    with pytest.raises(EmbeddedError, match="not private"):
        embedded.start(far, fsync=False)


def test_odd_characters_in_the_path(data_dir: Path) -> None:
    with embedded.start(data_dir / 'it\'s $HOME, `a` "b" 100%', fsync=False) as place:
        assert ask(place.url, "SELECT 1") == 1


def test_four_processes_starting_at_once_share_one_server(new_dir: Path, join: Join) -> None:
    users = [join(new_dir) for _ in range(4)]
    assert len({user.url() for user in users}) == 1
    pid = postmaster(new_dir)
    for user in users:
        assert not is_gone(pid)
        user.leave()
    assert is_gone(pid)


def test_a_half_finished_initdb_is_thrown_away(new_dir: Path) -> None:
    half = new_dir / "postgres.init-abc123"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with embedded.start(new_dir, fsync=False) as place:
        assert ask(place.url, "SELECT 1") == 1
    assert not half.exists()


@pytest.mark.parametrize("deleted", ["data", "data/postgres"])
def test_data_deleted_under_a_running_server(data_dir: Path, deleted: str) -> None:
    old = embedded.start(data_dir, fsync=False)
    pid = postmaster(data_dir)
    shutil.rmtree(data_dir.parent / deleted)
    with embedded.start(data_dir, fsync=False) as new:
        assert new.url != old.url
        with suppress(ProcessLookupError):  # it may have noticed by itself
            os.kill(pid, signal.SIGINT)
        wait_until_gone(pid)
        assert ask(new.url, "SELECT 1") == 1
    assert servers(data_dir) == []


def test_leaving_a_deleted_folder_stops_no_other_server(data_dir: Path, join: Join) -> None:
    old = embedded.start(data_dir, fsync=False)
    pid = postmaster(data_dir)
    os.kill(pid, signal.SIGINT)
    wait_until_gone(pid)
    shutil.rmtree(data_dir)
    url = join(data_dir).url()
    old.close()
    assert ask(url, "SELECT 1") == 1


def test_a_deleted_socket_is_made_again(data_dir: Path) -> None:
    with embedded.start(data_dir, fsync=False) as first:
        write(first.url)
        shutil.rmtree(next(data_dir.glob("layers-pg-*")))
        assert read(embedded.start(data_dir, fsync=False).url) == 42
    assert servers(data_dir) == []


def test_a_forked_child_is_no_user(data_dir: Path, join: Join) -> None:
    place = embedded.start(data_dir, fsync=False)
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        place.close()
        os.close(told)
        os.read(ready, 1)
        os._exit(0)
    os.close(ready)
    assert ask(place.url, "SELECT 1") == 1
    other = join(data_dir)
    url = other.url()
    place.close()
    assert ask(url, "SELECT 1") == 1
    pid = postmaster(data_dir)
    other.leave()  # last, although the child lives: it holds no lock
    assert is_gone(pid)
    os.close(told)
    os.waitpid(child, 0)


def test_ctrl_c_reaches_the_starter_only(data_dir: Path, join: Join) -> None:
    owner = join(data_dir)
    url = owner.url()
    pid = postmaster(data_dir)
    assert os.getsid(pid) != os.getsid(owner.process.pid)
    os.killpg(owner.process.pid, signal.SIGQUIT)
    owner.process.wait(30)
    assert ask(url, "SELECT 1") == 1


def test_not_as_root(new_dir: Path, join: Join) -> None:
    """Drops root in the process, not by exec: the interpreter may live where only root can look."""
    root = os.geteuid() == 0
    if root:
        os.chown(new_dir.parent, NOBODY, NOBODY)
    user = join(new_dir, *([str(NOBODY)] if root else []))
    url = user.url()
    pid = postmaster(new_dir)
    assert Path(f"/proc/{pid}").stat().st_uid == (NOBODY if root else os.geteuid())
    assert new_dir.stat().st_mode & 0o777 == 0o700
    assert ask(url, "SELECT 1") == 1
    user.leave()
    assert is_gone(pid)


def test_data_of_another_major_version_is_refused_in_words(new_dir: Path) -> None:
    (new_dir / "postgres").mkdir(parents=True, mode=0o700)
    (new_dir / "postgres" / "PG_VERSION").write_text("16\n")
    if os.geteuid() == 0:
        os.chown(new_dir / "postgres", NOBODY, NOBODY)
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 16") as caught:
        embedded.start(new_dir)
    assert "version 16" in caught.value.remedy
    assert caught.value.remedy in str(caught.value)


def test_a_server_that_cannot_start_shows_its_log(data_dir: Path) -> None:
    embedded.start(data_dir, fsync=False).close()
    (data_dir / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedError, match="could not find the database system"):
        embedded.start(data_dir)
    assert servers(data_dir) == []


def test_root_s_server_has_an_account_of_its_own(data_dir: Path) -> None:
    with embedded.start(data_dir, fsync=False):
        owner = pwd.getpwuid(Path(f"/proc/{postmaster(data_dir)}").stat().st_uid)
    expected = {embedded.SYSTEM_USER, "nobody"} if os.geteuid() == 0 else {pwd.getpwuid(os.getuid()).pw_name}
    assert owner.pw_name in expected


MAKE_ACCOUNT = """
import sys
from layers.db import embedded
embedded.SYSTEM_USER = sys.argv[1]
print("ready", flush=True)
sys.stdin.readline()
print(embedded._system_account(), flush=True)
"""


def test_servers_started_together_for_the_first_time_make_one_account() -> None:
    """Where we are not root, nobody may make one: then all agree on the one that is there."""
    name = f"layers-t{os.getpid()}"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE_ACCOUNT, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(SOURCE)},
            text=True,
        )
        for _ in range(3)
    ]
    try:
        for one in started:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in started:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        answers = {one.communicate(timeout=60)[0] for one in started}
        wanted = pwd.getpwnam(name if os.geteuid() == 0 else "nobody")
        assert answers == {f"({wanted.pw_uid}, {wanted.pw_gid})\n"}
    finally:
        if os.geteuid() == 0:
            subprocess.run(["userdel", name], check=True, capture_output=True)


def test_the_user_s_own_postgres_settings_bend_nothing(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PGPORT": "1",
        "PGHOST": "nowhere",
        "PGDATA": "/nowhere",
        "PGDATABASE": "other",
    }.items():
        monkeypatch.setenv(name, value)
    with embedded.start(data_dir, fsync=False) as place:
        assert ask(place.url, "SELECT current_database()") == "layers"


def test_deleted_lock_files_do_not_make_a_second_server(data_dir: Path, join: Join) -> None:
    first = embedded.start(data_dir, fsync=False)
    pid = postmaster(data_dir)
    for path in data_dir.glob("postgres.[alu]*"):
        path.unlink()
    other = join(data_dir)
    assert other.url() == first.url
    assert postmaster(data_dir) == pid
    first.close()
    assert not is_gone(pid)
    other.leave()
    assert is_gone(pid)


def test_a_copy_of_running_data_is_not_taken_for_the_original(data_dir: Path) -> None:
    with embedded.start(data_dir, fsync=False) as original:
        copy = data_dir.parent / "copy"
        subprocess.run(["cp", "-a", data_dir, copy], check=True)
        with embedded.start(copy, fsync=False) as place:
            assert ask(place.url, "SHOW data_directory") == str(copy / "postgres")
            assert ask(original.url, "SHOW data_directory") == str(data_dir / "postgres")


def test_a_server_started_by_hand_is_left_alone(data_dir: Path) -> None:
    elsewhere = data_dir.parent / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    for folder in (data_dir.parent, data_dir):
        folder.chmod(0o711)
    programs = embedded.POSTGRES_VERSIONS[embedded.MAJOR]
    by_hand = [
        "-s",
        "-w",
        "-D",
        data_dir / "postgres",
        "-l",
        elsewhere / "log",
        "-o",
        f"-h '' -k {elsewhere}",
    ]
    subprocess.run([programs / "pg_ctl", "start", *by_hand], user=server_owner(), check=True)
    pid = postmaster(data_dir)
    with pytest.raises(EmbeddedError, match="somebody else started"):
        embedded.start(data_dir, fsync=False)
    assert not is_gone(pid)
    assert postmaster(data_dir) == pid
