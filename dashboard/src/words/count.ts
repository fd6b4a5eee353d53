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

/** Other limits than that of characters are told of when they are nearly used up. */
const NEAR = 0.8;

/** The length in characters, or whatever else is nearer to breaking its limit. */
export function tightest(text: string, limits: TextLimits): Length {
  const characters: Length = { used: count(text, limits.unit), limit: limits.limit, of: "characters" };
  const others: Length[] = [];
  if (limits.maxBytes) others.push({ used: count(text, "utf8_bytes"), limit: limits.maxBytes, of: "bytes" });
  if (limits.maxHashtags) others.push({ used: matches(text, HASHTAG), limit: limits.maxHashtags, of: "hashtags" });
  if (limits.maxMentions) others.push({ used: matches(text, MENTION), limit: limits.maxMentions, of: "mentions" });
  const near = others.filter((one) => share(one) > NEAR);
  return near.reduce((most, one) => (share(one) > share(most) ? one : most), characters);
}

const HASHTAG = /(?<![/&#])#[\p{L}\p{N}_]+/gu;
const MENTION = /(?<![\p{L}\p{N}_.+-])@[\p{L}\p{N}_]+/gu;
const share = ({ used, limit }: Length): number => used / limit;
const matches = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
