/**
 * How long a text is, in the unit a platform counts in (`TextLimits.unit` of `GET /v1/platforms`). The server decides:
 * this only says it while one types. Servers may count a link otherwise; then `/validate` knows.
 */
import type { TextLimits } from "@layers/sdk";

const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const WEB_LINK = /(?<![\w@/])https?:\/\/[^\s.]+\.\S*[^\s.,;:!?'")\]]/giu;
const FULL_MENTION = /(?<![\w/])(@\w(?:[\w.-]*\w)?)@[\p{L}\p{N}](?:[\p{L}\p{N}.:-]*[\p{L}\p{N}])?/gu;
const LINK_CHARACTERS = 23;

const graphemes = (text: string): number => [...segments.segment(text)].length;

const COUNTERS: Record<string, (text: string) => number> = {
  utf16: (text) => text.length,
  grapheme: graphemes,
  codepoint: (text) => [...text].length,
  utf8_bytes: (text) => new TextEncoder().encode(text).length,
  fediverse: (text) => graphemes(text.replace(WEB_LINK, "x".repeat(LINK_CHARACTERS)).replace(FULL_MENTION, "$1")),
};

export function count(text: string, unit: string): number {
  return (COUNTERS[unit] ?? graphemes)(text);
}

export interface Length {
  used: number;
  limit: number;
  /** What is counted: `characters`, `bytes`, `hashtags`. */
  of: string;
}

/** Whichever of a text's limits is nearest to being broken. */
export function tightest(text: string, limits: TextLimits): Length {
  const all: Length[] = [{ used: count(text, limits.unit), limit: limits.limit, of: "characters" }];
  if (limits.maxBytes) all.push({ used: count(text, "utf8_bytes"), limit: limits.maxBytes, of: "bytes" });
  if (limits.maxHashtags) all.push({ used: matches(text, /(?<![/&#])#\w+/gu), limit: limits.maxHashtags, of: "hashtags" });
  if (limits.maxMentions) all.push({ used: matches(text, /(?<![\w.+-])@\w+/gu), limit: limits.maxMentions, of: "mentions" });
  return all.reduce((most, one) => (one.used / one.limit > most.used / most.limit ? one : most));
}

const matches = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
