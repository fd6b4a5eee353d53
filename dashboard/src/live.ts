/**
 * What happens on the server, as it happens. An event is a hint to look again, never the truth itself: whoever shows
 * something says which events touch it (`useLoad`) and reads it anew.
 *
 * Events come by `GET /v1/events/stream`; where that cannot be opened everything is read again every few seconds.
 */
import { signal } from "@preact/signals";

/** `*`: something may have happened, nobody knows what. */
export interface Happening {
  type: string;
  data: { projectId?: string | null; scheduledPostId?: string; containerId?: string; socialAccountId?: string };
}

type Listener = (happening: Happening) => void;

export const connection = signal<"connecting" | "live" | "polling">("connecting");

/** `….updated`: something changed that no webhook tells of. */
const TYPES = [
  ...["scheduled", "published", "failed", "canceled", "draft_ready", "late", "updated"].map((what) => `post.${what}`),
  ...["completed", "failed", "approved", "rejected", "updated"].map((what) => `content.${what}`),
  ...["connected", "needs_reauth", "revoked", "updated"].map((what) => `social_account.${what}`),
];
/** What happened since the last event cannot be told. */
const RELOAD = "reload";
const ANYTHING: Happening = { type: "*", data: {} };
const POLL = 5_000;
const OPEN_AGAIN = 60_000;

const listeners = new Set<Listener>();
let source: EventSource | undefined;
let last = "";
let timers: ReturnType<typeof setInterval>[] = [];

/** Hears what happens from now on; returns how to stop. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Begins to listen, and keeps listening while the page is looked at: browsers allow few connections to one server. */
export function follow(): void {
  if (source) return start();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") return stop();
    // With the last id nothing is missed; without one, anything may have been.
    if (!last) tellAll(ANYTHING);
    start();
  });
  start();
}

function start(): void {
  stop();
  source = new EventSource(`/v1/events/stream${last && `?${new URLSearchParams({ lastEventId: last })}`}`);
  source.onopen = () => {
    connection.value = "live";
    clear();
  };
  source.onerror = () => {
    // The browser opens it again by itself, from the last id on, unless the server refuses.
    if (source?.readyState === EventSource.CLOSED) poll();
    else connection.value = "connecting";
  };
  for (const type of TYPES) source.addEventListener(type, hear);
  source.addEventListener(RELOAD, () => tellAll(ANYTHING));
}

function stop(): void {
  source?.close();
  clear();
}

function clear(): void {
  timers.forEach(clearInterval);
  timers = [];
}

function poll(): void {
  connection.value = "polling";
  clear();
  timers = [setInterval(() => tellAll(ANYTHING), POLL), setInterval(start, OPEN_AGAIN)];
}

function hear({ data, lastEventId }: MessageEvent<string>): void {
  last = lastEventId;
  tellAll(JSON.parse(data) as Happening);
}

function tellAll(happening: Happening): void {
  for (const listener of listeners) listener(happening);
}
