"""The audit of dependencies finds what it is for, and never says that all is well when it could not look."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = [
    *(ROOT / "requirements.lock", ROOT / "benchmarks/peers/requirements.lock"),
    *(ROOT / "dashboard/package-lock.json", ROOT / "sdks/typescript/package-lock.json"),
]
HASH = "sha256:" + "0" * 64
GOOD = f"good==1.0 ; sys_platform != 'win32' \\\n    --hash={HASH}\n    # via layers\n"
BAD = f"bad[extra]==2.0 \\\n    --hash={HASH} \\\n    --hash={HASH}\n"


@contextmanager
def service(answer: object, status: int = 200) -> Iterator[tuple[str, list[dict]]]:
    """A vulnerability service on loopback that knows one answer; gives its address and what it was asked."""
    asked: list[dict] = []

    class Knows(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.extend(body["queries"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Knows) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", asked
        server.shutdown()
        thread.join()


def audit(*arguments: object) -> tuple[int, str]:
    """Run the audit; returns its status and what it said."""
    command = [sys.executable, ROOT / ".ci/audit.py", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock of two dependencies."""
    file = tmp_path / "requirements.lock"
    file.write_text(f"# made by hand\n{BAD}{GOOD}")
    return file


def test_a_vulnerable_dependency_fails_the_audit(lock: Path):
    with service({"results": [{"vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]}, {}]}) as (where, asked):
        status, said = audit(lock, "--service", where)
    assert (status, said) == (1, "audit: bad 2.0: PYSEC-1, PYSEC-2\n")
    assert [(q["package"]["name"], q["version"]) for q in asked] == [("bad", "2.0"), ("good", "1.0")]


def test_all_is_well_only_when_each_was_answered_for(lock: Path):
    with service({"results": [{}, {}]}) as (where, _):
        assert audit(lock, "--service", where) == (
            0,
            "audit: no known vulnerability in 2 locked dependencies\n",
        )
    with service({"results": [{}]}) as (where, _):
        status, said = audit(lock, "--service", where, "--strict")
    assert (status, "NOT AUDITED" in said) == (2, True)


def test_a_service_that_is_away_is_said_and_fails_only_when_it_must(lock: Path):
    with service({}) as (where, _):
        pass
    for strict, expected in (((), 0), (("--strict",), 2)):
        status, said = audit(lock, "--service", where, *strict)
        assert (status, "NOT AUDITED" in said, "no known" in said) == (expected, True, False)


@pytest.mark.parametrize(("answer", "expected"), [(400, 1), (404, 1), (429, 0), (503, 0)])
def test_a_question_that_is_refused_is_no_service_that_is_away(lock: Path, answer: int, expected: int):
    with service({}, answer) as (where, _):
        status, said = audit(lock, "--service", where)
    assert (status, "NOT AUDITED" in said) == (expected, expected == 0)


def test_a_dependency_without_a_hash_fails_the_audit(lock: Path):
    lock.write_text(f"{GOOD}bare==1.0\nworse @ git+https://example.com/worse\n")
    with service({"results": [{}, {}]}) as (where, _):
        status, said = audit(lock, "--service", where)
    assert status == 1
    assert "bare==1.0 is locked without a hash" in said
    assert "worse is locked without a hash" in said


def test_what_reaches_users_by_npm_is_audited_too(tmp_path: Path):
    file = tmp_path / "package-lock.json"
    packages = {
        "": {"name": "ours"},
        "../sdk": {"name": "sdk", "version": "1.0.0"},
        "node_modules/sdk": {"resolved": "../sdk", "link": True},
        "node_modules/@scope/bad": {"version": "2.0.0", "integrity": "sha512-x"},
        "node_modules/alias": {"name": "known", "version": "3.0.0", "integrity": "sha512-x"},
        "node_modules/known/node_modules/bare": {"version": "4.0.0"},
        "node_modules/builder": {"version": "5.0.0", "dev": True},
    }
    file.write_text(json.dumps({"packages": packages}))
    with service({"results": [{"vulns": [{"id": "GHSA-1"}]}, {}, {}]}) as (where, asked):
        status, said = audit(file, "--service", where)
    assert status == 1
    assert "audit: @scope/bad 2.0.0: GHSA-1\n" in said
    assert "node_modules/known/bare is locked without a hash" in said
    assert [(q["package"]["ecosystem"], q["package"]["name"], q["version"]) for q in asked] == [
        ("npm", "@scope/bad", "2.0.0"),
        ("npm", "bare", "4.0.0"),
        ("npm", "known", "3.0.0"),
    ]


def test_every_dependency_we_lock_has_a_hash(tmp_path: Path):
    with service({}) as (where, asked):
        status, said = audit(*LOCKS, "--service", where)
    assert (status, "without a hash" in said) == (0, False)
    assert len(asked) > 50
    assert {"PyPI", "npm"} == {question["package"]["ecosystem"] for question in asked}
