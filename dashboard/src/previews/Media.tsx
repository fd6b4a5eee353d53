/** Pictures that can be leafed through and videos that play, as they will be seen. */
import type { Asset } from "@layers/sdk";
import { ChevronLeft, ChevronRight, Pause, Play, Volume2, VolumeX } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import { nearby } from "../api";

export type Item = Pick<Asset, "id" | "kind" | "url" | "width" | "height" | "mimeType">;

interface MediaProps {
  items: readonly Item[];
  /** What each item shows, for those who do not see it. */
  alts?: readonly string[];
  /** Width to height that the platform shows it in; else its own. */
  ratio?: number;
  fit?: "cover" | "contain";
}

export function Media({ items, alts = [], ratio, fit = "cover" }: MediaProps) {
  const [at, setAt] = useState(0);
  const strip = useRef<HTMLOListElement>(null);
  const first = items[0];
  if (!first) return null;
  const own = first.width && first.height ? first.width / first.height : 1;
  const show = (index: number) => {
    const width = strip.current?.clientWidth ?? 0;
    strip.current?.scrollTo({ left: index * width, behavior: "smooth" });
  };
  const scrolled = () => {
    const { scrollLeft = 0, clientWidth = 1 } = strip.current ?? {};
    setAt(Math.round(scrollLeft / clientWidth));
  };
  return (
    <div class="media" style={{ aspectRatio: String(ratio ?? own), "--fit": fit }}>
      <ol ref={strip} onScroll={scrolled} tabIndex={items.length > 1 ? 0 : undefined} aria-label="Media">
        {items.map((item, index) => (
          <li key={item.id}>
            {item.kind === "video" ? (
              <Video item={item} />
            ) : (
              <img src={nearby(item.url)} alt={alts[index] ?? `Item ${index + 1} of ${items.length}`} />
            )}
          </li>
        ))}
      </ol>
      {items.length > 1 && (
        <>
          <button type="button" class="leaf" data-to="before" disabled={at === 0} onClick={() => show(at - 1)}>
            <ChevronLeft size={18} aria-label="Previous item" />
          </button>
          <button type="button" class="leaf" data-to="next" disabled={at === items.length - 1} onClick={() => show(at + 1)}>
            <ChevronRight size={18} aria-label="Next item" />
          </button>
          <span class="place numbers">
            {at + 1}/{items.length}
          </span>
        </>
      )}
    </div>
  );
}

function Video({ item }: { item: Item }) {
  const video = useRef<HTMLVideoElement>(null);
  const [playing, setPlaying] = useState(false);
  const [muted, setMuted] = useState(true);
  const [share, setShare] = useState(0);
  const toggle = () => (playing ? video.current?.pause() : void video.current?.play());
  const moved = () => {
    const { currentTime = 0, duration = 0 } = video.current ?? {};
    setShare(duration > 0 ? currentTime / duration : 0);
  };
  return (
    <div class="video" data-playing={playing || undefined}>
      <video
        ref={video}
        src={`${nearby(item.url)}#t=0.1`}
        muted={muted}
        loop
        playsInline
        preload="metadata"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onTimeUpdate={moved}
      />
      <button type="button" class="play" aria-label={playing ? "Pause" : "Play"} onClick={toggle}>
        {playing ? <Pause size={26} aria-hidden /> : <Play size={26} aria-hidden />}
      </button>
      <button type="button" class="mute" aria-label={muted ? "Sound on" : "Sound off"} onClick={() => setMuted(!muted)}>
        {muted ? <VolumeX size={16} aria-hidden /> : <Volume2 size={16} aria-hidden />}
      </button>
      <span class="progress" style={{ scale: `${share} 1` }} />
    </div>
  );
}
