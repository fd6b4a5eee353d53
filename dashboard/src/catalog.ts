/** What each platform takes: read once, for its limits change with releases only. */
import type { Platform, PlatformMode, TextLimits } from "@layers/sdk";
import { signal } from "@preact/signals";
import { layers } from "./api";

/** undefined: not known yet. */
export const catalog = signal<Platform[] | undefined>(undefined);
let asked = false;

/** Sees to it that the catalog is or will be known. */
export function readCatalog(): void {
  if (asked) return;
  asked = true;
  layers.platforms.list().then(
    ({ items }) => (catalog.value = items),
    () => (asked = false),
  );
}

export function platformNamed(name: string): Platform | undefined {
  return catalog.value?.find(({ platform }) => platform === name);
}

export function modeNamed(platform: string, mode: string): PlatformMode | undefined {
  return platformNamed(platform)?.modes.find((one) => one.mode === mode);
}

/** `TikTok`, `Mastodon`; the word itself while nothing is known. */
export const titleOf = (platform: string): string => platformNamed(platform)?.title ?? platform;

const MODE_WORDS: Record<string, string> = {
  direct_publish: "Publish",
  draft_to_device: "Draft",
  reels: "Reel",
  feed: "Feed",
};

export function wordsOf(mode: string): string {
  return MODE_WORDS[mode] ?? mode.replaceAll("_", " ");
}

/** The caption's limits for content of a kind; null: the mode has no place for a caption. */
export function captionLimits(mode: PlatformMode | undefined, kind: string): TextLimits | null | undefined {
  return mode?.caption[kind];
}
