"""What may stand in a log: secrets are blotted out, words are not."""

import subprocess
import sys

import pytest

LOG = """
import structlog
from layers.kit.logs import set_up_logs
set_up_logs("info", as_json={as_json})
structlog.get_logger().info("oauth completed", key="lp_test_ABCDEFGHIJKLMNOP_{secret}", header="Bearer {secret}",
    other="OAuth {secret}")
"""


@pytest.mark.parametrize("as_json", [False, True])
def test_secrets_are_blotted_out_and_words_are_not(as_json: bool):
    secret = "Zx9" * 15
    code = LOG.format(as_json=as_json, secret=secret)
    line = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert "oauth completed" in line
    assert secret not in line
    assert line.count("[secret]") == 3


SECRETS = {
    "key": "lp_test_ABCDEFGHIJKLMNOP_{secret}",
    "webhook": "whsec_{secret}",
    "link": "/v1/assets/ast_1?expires=1&signature={secret}",
    "database": "postgresql://layers:{secret}@db.internal/layers",
    "strange": "postgresql://layers:a:b@{secret}@db.internal/layers",
    "header": "Authorization: DPoP {secret}",
    "query": "https://platform.example/me?access_token={secret}&fields=id",
    "body": '{{"refresh_token": "{secret}", "a": 1}}',
    "form": "grant_type=x&client_secret={secret}",
}
SAY = """
import logging, sys
import structlog
from layers.kit.logs import set_up_logs
set_up_logs("debug", as_json={as_json})
text = {text!r}
structlog.get_logger("a").info("told", value=text, inner={{"list": [text]}}, fault=ValueError(text))
logging.getLogger("library").error("told %s", text)
try:
    raise RuntimeError(text)
except RuntimeError as fault:
    structlog.get_logger("a").error("bug", exc_info=fault)
    logging.getLogger("library").exception("bug")
"""


def said(text: str, *, as_json: bool) -> str:
    """Return what the log has after a text was told in every way."""
    code = SAY.format(text=text, as_json=as_json)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_no_secret_of_any_kind_is_told_whoever_tells(as_json: bool):
    secret = "Zx9" * 15
    text = " ; ".join(form.format(secret=secret) for form in SECRETS.values())
    log = said(text, as_json=as_json)
    assert "library: told" in log
    assert secret not in log
    assert log.count("[secret]") == 6 * len(SECRETS)


@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_that_is_told_fakes_a_line_or_turns_a_word(as_json: bool):
    """Line ends, escape sequences of terminals, BIDI and invisible characters are spelled out."""
    deceit = "a\r\n2026-01-01 [info] faked\x1b[2J\x1b]0;title\x07\x9b31m\u202egnp.exe\u200bb\u2028c\x00d\x85e\ud800"
    log = said(deceit, as_json=as_json)
    assert not any(line.startswith("2026-01-01") for line in log.splitlines())
    assert not set(log) & set("\r\x1b\x07\x9b\u202e\u200b\u2028\x00\x85\ud800")
    told = [line for line in log.split("\n") if "told" in line]
    assert len(told) == 2
    assert all("faked" in line for line in told)
