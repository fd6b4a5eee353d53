"""What the operator is told about an installation."""

from pathlib import Path

from layers.doctor import examine
from layers.settings import Settings


async def test_the_operator_reads_what_each_platforms_app_needs(database_url: str, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        public_url="https://layers.example.com/",
        platforms={"TIKTOK_CLIENT_KEY": "k", "TIKTOK_CLIENT_SECRET": "s", "INSTAGRAM_CLIENT_ID": "i"},
    )
    found = {finding.what: finding for finding in await examine(settings, database_url)}
    assert found["TikTok"].ok
    assert "https://layers.example.com/v1/social/oauth/callback/tiktok" in found["TikTok"].words
    assert found["Instagram"].ok is None
    assert "LAYERS_INSTAGRAM_CLIENT_SECRET" in found["Instagram"].words
    assert "LAYERS_INSTAGRAM_CLIENT_ID" not in found["Instagram"].words
    assert found["Bluesky"].words == "ready"
