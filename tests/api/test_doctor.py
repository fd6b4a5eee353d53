"""What the operator is told about an installation."""

from pathlib import Path

from layers.doctor import examine, guide_to
from layers.platforms import CONNECTORS
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
    assert found["Instagram"].ok is False, "half an app is no app"
    assert "LAYERS_INSTAGRAM_CLIENT_SECRET" in found["Instagram"].words
    assert "LAYERS_INSTAGRAM_CLIENT_ID" not in found["Instagram"].words
    assert found["Bluesky"].words == "ready"


async def test_without_an_app_the_operator_reads_how_to_get_one(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, public_url="https://layers.example.com")
    [found] = [finding for finding in await examine(settings, database_url) if finding.what == "TikTok"]
    assert found.ok is None
    for said in (
        "LAYERS_TIKTOK_CLIENT_KEY and LAYERS_TIKTOK_CLIENT_SECRET",
        "https://layers.example.com/v1/social/oauth/callback/tiktok",
        "https://layers.example.com/docs/how-to/connect-tiktok-and-instagram",
        "Test keys",
    ):
        assert said in found.words


def test_every_platform_has_a_guide() -> None:
    assert all(guide_to(platform).startswith("how-to/connect-") for platform in CONNECTORS)
