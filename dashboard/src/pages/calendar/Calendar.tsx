/** What goes out when: by month, by week, as a list; moved by dragging, or by keys. */
import type { CalendarDate } from "@internationalized/date";
import type { PostStatus, SocialAccount } from "@layers/sdk";
import { CalendarPlus, ChevronLeft, ChevronRight } from "lucide-preact";
import { useLocation } from "preact-iso";
import { useEffect, useMemo, useState } from "preact/hooks";
import { layers } from "../../api";
import { readCatalog, titleOf } from "../../catalog";
import { useLoad } from "../../load";
import { pathOf, type PageProps } from "../../places";
import { can } from "../../session";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Trouble } from "../../ui/Notice";
import { Skeleton } from "../../ui/Skeleton";
import { STATUS_WORDS } from "../../ui/Status";
import { Switch } from "../../ui/Switch";
import { toast } from "../../ui/Toasts";
import { dateTime, zone } from "../../words/times";
import type { Board } from "./board";
import { collisionsOf, dayOf, daysOf, type Entry, entriesOf, nameOf, readDay, spanOf, todayHere, turned, type View } from "./days";
import { List } from "./List";
import { Month } from "./Month";
import { Week } from "./Week";
import "./calendar.css";

/** More than this in one view nobody reads; the list by API has no end. */
const MOST = 1000;
const VIEWS: readonly (readonly [View, string])[] = [
  ["month", "Month"],
  ["week", "Week"],
  ["list", "List"],
];
const PAGES = { month: Month, week: Week, list: List };
const STATUSES: readonly PostStatus[] = ["queued", "publishing", "published", "draft_in_inbox", "failed", "canceled"];

interface Asked {
  view: View;
  at: CalendarDate;
  account: string;
  status: string;
}

function readAsked(query: Record<string, string>): Asked {
  const narrow = matchMedia("(max-width: 760px)").matches;
  const view = VIEWS.find(([one]) => one === query.view)?.[0] ?? (narrow ? "list" : "month");
  return { view, at: readDay(query.at), account: query.account ?? "", status: query.status ?? "" };
}

async function readEntries(projectId: string, asked: Asked, days: CalendarDate[], signal: AbortSignal) {
  const { account, status } = asked;
  const posts = layers.publishing.listScheduledPosts(
    {
      projectId,
      ...spanOf(days),
      limit: 100,
      ...(account && { socialAccountId: account }),
      ...(status && { status: status as PostStatus }),
    },
    { signal },
  );
  const waiting =
    can("content:read") && !status
      ? layers.content.list({ projectId, approvalStatus: "pending", limit: 200 }, { signal })
      : { items: [] };
  const [found, { items }] = await Promise.all([posts.toArray(MOST), waiting]);
  const within = new Set(days.map(String));
  const entries = entriesOf(found, items).filter(({ at }) => within.has(dayOf(at).toString()));
  return account ? entries.filter(({ accountIds }) => accountIds.includes(account)) : entries;
}

const chipOf = ({ id }: Entry) => document.querySelector<HTMLElement>(`[data-entry="${CSS.escape(id)}"]`);

export default function Calendar({ projectId }: PageProps) {
  const { query, route, path } = useLocation();
  const asked = readAsked(query);
  const { view, at, account, status } = asked;
  const days = daysOf(view, at);
  useEffect(readCatalog, []);
  const accounts = useLoad(
    projectId,
    async (signal) => (can("social:read") ? layers.social.listAccounts({ projectId, limit: 100 }, { signal }).toArray() : []),
    ({ type }) => type.startsWith("social_account."),
  );
  const { data, fault, reload } = useLoad(
    [projectId, days[0], days.length, account, status].join(),
    (signal) => readEntries(projectId, asked, days, signal),
    ({ type }) => type.startsWith("post.") || type.startsWith("content."),
  );
  const [moving, setMoving] = useState<{ id: string; at: string }>();
  const [refused, setRefused] = useState<unknown>();

  const go = (to: Partial<Record<keyof Asked, string>>) => {
    const next = { ...query, ...to };
    const given = Object.entries(next).filter(([, value]) => value);
    setRefused(undefined);
    route(`${path}?${new URLSearchParams(given)}`, true);
  };

  /** Shows an entry at a time before it is read there; on another day it is another element. */
  const show = (entry: Entry, at: string | undefined) => {
    const focused = chipOf(entry) === document.activeElement;
    setMoving(at ? { id: entry.id, at } : undefined);
    if (focused) requestAnimationFrame(() => chipOf(entry)?.focus());
  };

  const move = async (entry: Entry, to: string) => {
    setRefused(undefined);
    show(entry, to);
    try {
      const moved = await layers.publishing.reschedule({ postId: entry.id, scheduledFor: to });
      toast(`Moved to ${dateTime(moved.scheduledFor)}.`);
    } catch (why) {
      show(entry, undefined);
      setRefused(why);
    }
    await reload();
  };

  // Only what was read after the move knows of it.
  const there = data?.some(({ id, at: when }) => id === moving?.id && Date.parse(when) === Date.parse(moving.at));
  useEffect(() => {
    if (there) setMoving(undefined);
  }, [there]);

  const entries = useMemo(
    () => data?.map((entry) => (entry.id === moving?.id ? { ...entry, at: moving.at } : entry)),
    [data, moving],
  );
  const board: Board = {
    projectId,
    days,
    at,
    entries: entries ?? [],
    collisions: collisionsOf(entries ?? []),
    accountOf: (id) => accounts.data?.find(({ socialAccountId }) => socialAccountId === id),
    move: can("publish:write") ? move : undefined,
    openDay: (day) => go({ view: "list", at: day.toString() }),
  };
  const Page = PAGES[view];
  return (
    <div class="page calendar" data-wide>
      <header>
        <div>
          <h1 aria-live="polite">{titleOfSpan(view, days, at)}</h1>
          <p class="small">Times of {zone()}</p>
        </div>
        <div class="actions">
          <Filters accounts={accounts.data ?? []} account={account} status={status} go={go} />
          <Switch label="View" choices={VIEWS} value={view} onChange={(one) => go({ view: one })} />
          <div class="turn">
            <Button icon={ChevronLeft} aria-label="Before" onClick={() => go({ at: turned(view, at, -1).toString() })} />
            <Button onClick={() => go({ at: todayHere().toString() })}>Today</Button>
            <Button icon={ChevronRight} aria-label="After" onClick={() => go({ at: turned(view, at, 1).toString() })} />
          </div>
        </div>
      </header>
      <Trouble fault={refused ?? fault} />
      {entries ? <Page {...board} /> : !fault && <Skeleton height="min(70vh, 640px)" />}
      {entries?.length === 0 && <Nothing projectId={projectId} filtered={Boolean(account || status)} />}
    </div>
  );
}

function titleOfSpan(view: View, days: readonly CalendarDate[], at: CalendarDate): string {
  if (view !== "week") return nameOf(at, { month: "long", year: "numeric" });
  const [first, last] = [days[0], days.at(-1)] as [CalendarDate, CalendarDate];
  const short = { month: "short", day: "numeric" } as const;
  return `${nameOf(first, short)} – ${nameOf(last, { ...short, year: "numeric" })}`;
}

interface FiltersProps {
  accounts: readonly SocialAccount[];
  account: string;
  status: string;
  go: (to: { account?: string; status?: string }) => void;
}

function Filters({ accounts, account, status, go }: FiltersProps) {
  return (
    <>
      <select aria-label="Account" value={account} onChange={(event) => go({ account: event.currentTarget.value })}>
        <option value="">All accounts</option>
        {accounts.map(({ socialAccountId, handle, platform }) => (
          <option key={socialAccountId} value={socialAccountId}>
            {handle} · {titleOf(platform)}
          </option>
        ))}
      </select>
      <select aria-label="Status" value={status} onChange={(event) => go({ status: event.currentTarget.value })}>
        <option value="">Any status</option>
        {STATUSES.map((one) => (
          <option key={one} value={one}>
            {STATUS_WORDS[one]}
          </option>
        ))}
      </select>
    </>
  );
}

function Nothing({ projectId, filtered }: { projectId: string; filtered: boolean }) {
  if (filtered) return <p class="soft nothing">Nothing here that the filters let through.</p>;
  return (
    <Empty icon={CalendarPlus} title="Nothing planned here">
      <p>What is scheduled, by this page or by the API, appears on its day.</p>
      {can("publish:write", "content:write") && (
        <div class="actions">
          <a class="button" data-tone="primary" href={pathOf(projectId, "compose")}>
            Compose a post
          </a>
        </div>
      )}
    </Empty>
  );
}
