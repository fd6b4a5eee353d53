"""`layers doctor`, as an operator reads it."""

from typing import Any

from test_cli_posts import command


async def test_settings_are_named_in_full_in_a_narrow_window(shared: Any):
    _, out, _ = await command(shared, "doctor")
    named = {line.split()[0] for line in out.splitlines() if line.startswith("LAYERS_")}
    assert {"LAYERS_INSTAGRAM_FACEBOOK_CLIENT_ID", "LAYERS_INSTAGRAM_FACEBOOK_CLIENT_SECRET"} <= named
