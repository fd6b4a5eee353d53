/** Times as people read them, in the zone of the project that is open, and as they type them. */
import { parseAbsolute, parseDateTime, toZoned } from "@internationalized/date";
import { project } from "../projects";

export const zone = (): string => project.value?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const all = { timeZone: zone(), ...options };
  const name = JSON.stringify(all);
  const made = formats.get(name) ?? new Intl.DateTimeFormat(undefined, all);
  formats.set(name, made);
  return made;
}

/** `Tue, Nov 24, 16:30` */
export const dateTime = (iso: string): string =>
  format({ weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(new Date(iso));

/** `Tue, Nov 24` */
export const day = (iso: string): string =>
  format({ weekday: "short", month: "short", day: "numeric" }).format(new Date(iso));

/** `16:30`, with seconds if asked. */
export const time = (iso: string, seconds = false): string =>
  format({ hour: "2-digit", minute: "2-digit", ...(seconds && { second: "2-digit" }) }).format(new Date(iso));

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** `in 3 hours`, `2 days ago`, `now` */
export function fromNow(iso: string, now = Date.now()): string {
  const away = Date.parse(iso) - now;
  const step = STEPS.find(([, size]) => Math.abs(away) >= size);
  return step ? relative.format(Math.round(away / step[1]), step[0]) : relative.format(0, "second");
}

/** What a `datetime-local` input holds (`2026-11-24T16:30`) for an instant, in the project's zone. */
export const toInput = (iso: string): string => parseAbsolute(iso, zone()).toString().slice(0, 16);

/** The instant that a `datetime-local` input means in the project's zone; a time that a clock change skips is later. */
export const fromInput = (local: string): string => toZoned(parseDateTime(local), zone()).toAbsoluteString();
