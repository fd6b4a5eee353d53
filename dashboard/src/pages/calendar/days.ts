/** Days of the project's zone, and what lies on them. */
import {
  type CalendarDate,
  endOfMonth,
  getDayOfWeek,
  parseAbsolute,
  parseDate,
  startOfMonth,
  startOfWeek,
  toCalendarDate,
  today,
  toZoned,
} from "@internationalized/date";
import type { Container, PostStatus, ScheduledPost } from "@layers/sdk";
import { zone } from "../../words/times";

export type View = "month" | "week" | "list";

/** Something on the calendar: a post, or content that waits for a review and has a plan. */
export interface Entry {
  id: string;
  at: string;
  status: PostStatus | "pending";
  caption: string;
  /** Several where content waits: one for each target. */
  accountIds: readonly string[];
  post?: ScheduledPost;
}

export const localeOf = (): string => navigator.language;
export const dayOf = (iso: string): CalendarDate => toCalendarDate(parseAbsolute(iso, zone()));
export const todayHere = (): CalendarDate => today(zone());

/** Minutes since midnight, as clocks there show them. */
export function minuteOf(iso: string): number {
  const { hour, minute } = parseAbsolute(iso, zone());
  return hour * 60 + minute;
}

/** Days in a row, from whole weeks. */
export function daysOf(view: View, at: CalendarDate): CalendarDate[] {
  if (view === "list") {
    const first = startOfMonth(at);
    return row(first, endOfMonth(at).day);
  }
  const first = startOfWeek(view === "month" ? startOfMonth(at) : at, localeOf());
  if (view === "week") return row(first, 7);
  const weeks = Math.ceil((getDayOfWeek(startOfMonth(at), localeOf()) + endOfMonth(at).day) / 7);
  return row(first, weeks * 7);
}

function row(first: CalendarDate, count: number): CalendarDate[] {
  return Array.from({ length: count }, (_, days) => first.add({ days }));
}

export function turned(view: View, at: CalendarDate, by: 1 | -1): CalendarDate {
  return view === "week" ? at.add({ weeks: by }) : startOfMonth(at).add({ months: by });
}

/** The first and the last instant of days in a row. */
export function spanOf(days: readonly CalendarDate[]): { since: string; until: string } {
  const [first, last] = [days[0], days.at(-1)] as [CalendarDate, CalendarDate];
  const end = toZoned(last.add({ days: 1 }), zone()).toDate().getTime() - 1;
  return { since: toZoned(first, zone()).toAbsoluteString(), until: new Date(end).toISOString() };
}

/** The same time of day on another day; a time that a clock change skips there is later. */
export function onDay(iso: string, to: CalendarDate): string {
  const { year, month, day } = to;
  return parseAbsolute(iso, zone()).set({ year, month, day }).toAbsoluteString();
}

/** The same day at another minute since midnight. */
export function atMinute(day: CalendarDate, minute: number): string {
  const local = toZoned(day, zone()).set({ hour: Math.floor(minute / 60), minute: minute % 60 });
  return local.toAbsoluteString();
}

export function readDay(text: string | undefined): CalendarDate {
  try {
    return text ? parseDate(text) : todayHere();
  } catch {
    return todayHere();
  }
}

export const nameOf = (day: CalendarDate, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(undefined, { timeZone: "UTC", ...options }).format(day.toDate("UTC"));

export function byDay(entries: readonly Entry[]): Map<string, Entry[]> {
  const days = new Map<string, Entry[]>();
  for (const entry of [...entries].sort((a, b) => a.at.localeCompare(b.at))) {
    const key = dayOf(entry.at).toString();
    days.set(key, [...(days.get(key) ?? []), entry]);
  }
  return days;
}

export function entriesOf(posts: readonly ScheduledPost[], waiting: readonly Container[]): Entry[] {
  return [
    ...posts.map((post) => ({
      id: post.id,
      at: post.scheduledFor,
      status: post.status,
      caption: post.caption,
      accountIds: [post.socialAccountId],
      post,
    })),
    ...waiting.flatMap(({ id, caption, pendingSchedule: plan }) =>
      plan?.scheduledFor
        ? [
            {
              id,
              at: plan.scheduledFor,
              status: "pending" as const,
              caption,
              accountIds: [...new Set(plan.targets.map(({ socialAccountId }) => socialAccountId))],
            },
          ]
        : [],
    ),
  ];
}

/** Closer than this, two posts of one account get in each other's way. */
export const CLOSE = 15 * 60_000;
const LIVE = new Set<Entry["status"]>(["queued", "publishing", "pending"]);

/** Entries that have another one of the same account within a quarter of an hour. */
export function collisionsOf(entries: readonly Entry[]): ReadonlySet<string> {
  const close = new Set<string>();
  const last = new Map<string, Entry>();
  for (const entry of [...entries].sort((a, b) => a.at.localeCompare(b.at))) {
    if (!LIVE.has(entry.status)) continue;
    for (const account of entry.accountIds) {
      const before = last.get(account);
      if (before && Date.parse(entry.at) - Date.parse(before.at) < CLOSE) {
        close.add(before.id);
        close.add(entry.id);
      }
      last.set(account, entry);
    }
  }
  return close;
}
