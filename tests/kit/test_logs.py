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
