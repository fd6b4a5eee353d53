import { Globe } from "lucide-preact";
import bluesky from "simple-icons/icons/bluesky.svg?raw";
import facebook from "simple-icons/icons/facebook.svg?raw";
import instagram from "simple-icons/icons/instagram.svg?raw";
import mastodon from "simple-icons/icons/mastodon.svg?raw";
import pinterest from "simple-icons/icons/pinterest.svg?raw";
import threads from "simple-icons/icons/threads.svg?raw";
import tiktok from "simple-icons/icons/tiktok.svg?raw";
import x from "simple-icons/icons/x.svg?raw";
import youtube from "simple-icons/icons/youtube.svg?raw";

/** Without its title, which would be read aloud beside the name that stands next to it. */
const silent = (svg: string): string => svg.replace(/<title>.*?<\/title>/, "").replace('role="img"', 'aria-hidden="true"');

const GLYPHS = new Map(
  Object.entries({ bluesky, facebook, instagram, mastodon, pinterest, threads, tiktok, x, youtube }).map(
    ([platform, svg]) => [platform, silent(svg)],
  ),
);

/** A platform's sign. One without a sign of its own here gets a globe. */
export function Glyph({ platform }: { platform: string }) {
  const svg = GLYPHS.get(platform);
  if (svg) return <span class="glyph" dangerouslySetInnerHTML={{ __html: svg }} />;
  return (
    <span class="glyph">
      <Globe aria-hidden />
    </span>
  );
}
