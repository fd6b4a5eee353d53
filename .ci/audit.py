"""Asks OSV whether a locked dependency has a known vulnerability, and checks that each is locked by hash.

    python .ci/audit.py requirements.lock … package-lock.json …

Of npm's locks only what reaches users is looked at, not what builds and tests it.

Ends with 1 for a vulnerability or a dependency without a hash. Where OSV cannot be reached nothing is known: that is
said in plain words and ends with 0, or with 2 when `--strict` is given. A vulnerability that does not concern us is
named in IGNORED with the reason.
"""

import argparse
import json
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

SERVICE = "https://api.osv.dev/v1/querybatch"
SECONDS = 20
PASSING = (408, 429)
"""Answers below 500 that say no more than: not now."""
IGNORED: dict[str, str] = {}
"""Vulnerability → why it does not concern us."""
BATCH = 500
"""Questions at a time; the service takes 1,000."""
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)


Pin = tuple[str, str, str]
"""Ecosystem, name, version."""


def read_lock(file: Path) -> tuple[set[Pin], list[str]]:
    """Return what a lock pins, and the names that have no hash."""
    return _read_npm(file) if file.suffix == ".json" else _read_python(file)


def _read_npm(file: Path) -> tuple[set[Pin], list[str]]:
    pins, bare = set[Pin](), list[str]()
    for path, told in json.loads(file.read_text())["packages"].items():
        at, inside, name = path.rpartition("node_modules/")
        if not inside or told.get("dev") or told.get("link"):
            continue
        name = told.get("name", name)
        if not told.get("integrity", "").startswith("sha512-"):
            bare.append(f"{at}{name}")
        pins.add(("npm", name, told["version"]))
    return pins, bare


def _read_python(file: Path) -> tuple[set[Pin], list[str]]:
    pins, bare = set[Pin](), list[str]()
    for block in re.split(r"^(?=[A-Za-z0-9])", file.read_text(), flags=re.MULTILINE):
        if block.startswith("#") or not block.strip():
            continue
        pin = PIN.match(block)
        if pin is None or not re.search(r"--hash=sha256:[0-9a-f]{64}\b", block):
            bare.append(block.split()[0])
        if pin is not None:
            pins.add(("PyPI", pin[1], pin[2]))
    return pins, bare


def ask(service: str, pins: list[Pin]) -> dict[Pin, list[str]]:
    """Return the vulnerabilities of what has any. Raises OSError or ValueError when there is no answer."""
    found: dict[Pin, list[str]] = {}
    for first in range(0, len(pins), BATCH):
        some = pins[first : first + BATCH]
        for pin, result in zip(some, _ask(service, some), strict=True):
            ids = [v["id"] for v in result.get("vulns", []) if v["id"] not in IGNORED]
            if ids:
                found[pin] = ids
    return found


def _ask(service: str, pins: list[Pin]) -> list[dict[str, list[dict[str, str]]]]:
    queries = [
        {"package": {"name": name, "ecosystem": ecosystem}, "version": version}
        for ecosystem, name, version in pins
    ]
    request = urllib.request.Request(  # noqa: S310 - a fixed https address, or the tests'
        service, json.dumps({"queries": queries}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        results = json.load(answer)["results"]
    if len(results) != len(pins):
        raise ValueError(f"{len(results)} answers to {len(pins)} questions")
    return results


def _not_audited(fault: Exception, bare: list[str], *, strict: bool) -> int:
    """Say so that nobody overlooks it; returns the exit code."""
    words = f"NOT AUDITED for vulnerabilities: the service does not answer ({fault})"
    remedy = "Run `make audit` where the internet can be reached, before anything is released."
    line = "!" * max(len(words), len(remedy))
    print(f"{line}\naudit: {words}\naudit: {remedy}\n{line}")  # noqa: T201
    return 1 if bare else 2 if strict else 0


def main() -> int:
    """Audit the locks named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("locks", nargs="+", type=Path)
    parser.add_argument("--service", default=SERVICE)
    parser.add_argument("--strict", action="store_true", help="fail when the service cannot be reached")
    given = parser.parse_args()
    pins, bare = set[Pin](), list[str]()
    for lock in given.locks:
        found, without = read_lock(lock)
        pins |= found
        bare += without
    for name in bare:
        print(f"audit: {name} is locked without a hash")  # noqa: T201
    try:
        vulnerable = ask(given.service, sorted(pins))
    except urllib.error.HTTPError as refusal:
        if refusal.code < 500 and refusal.code not in PASSING:
            print(f"audit: the service refuses what it is asked ({refusal}); mend .ci/audit.py")  # noqa: T201
            return 1
        return _not_audited(refusal, bare, strict=given.strict)
    except (OSError, ValueError, KeyError) as fault:
        return _not_audited(fault, bare, strict=given.strict)
    for (_, name, version), ids in vulnerable.items():
        print(f"audit: {name} {version}: {', '.join(ids)}")  # noqa: T201
    if not vulnerable:
        print(f"audit: no known vulnerability in {len(pins)} locked dependencies")  # noqa: T201
    return 1 if vulnerable or bare else 0


if __name__ == "__main__":
    sys.exit(main())
