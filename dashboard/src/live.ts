/**
 * What happens on the server, as it happens. An event is a hint to look again, never the truth itself: whoever shows
 * something says which events touch it (`useLoad`) and reads it anew.
 *
 * Events come by `GET /v1/events/stream`; where that cannot be opened everything is read again every few seconds.
 */
import type { EventType } from "@layers/sdk";
import { signal } from "@preact/signals";

/** `*`: something may have happened, nobody knows what. */
export interface Happening {
  type: EventType | "*";
  data: { projectId?: string | null; scheduledPostId?: string; containerId?: string; socialAccountId?: string };
}

type Listener = (happening: Happening) => void;

export const connection = signal<"connecting" | "live" | "polling">("connecting");

const TYPES: readonly EventType[] = [
  "content.approved",
  "content.completed",
  "content.failed",
  "content.rejected",
  "post.canceled",
  "post.draft_ready",
  "post.failed",
  "post.late",
  "post.published",
  "post.scheduled",
  "social_account.connected",
  "social_account.needs_reauth",
  "social_account.revoked",
];
const POLL = 8_000;
const OPEN_AGAIN = 60_000;

const listeners = new Set<Listener>();
let source: EventSource | undefined;
let timers: ReturnType<typeof setInterval>[] = [];

/** Hears what happens from now on; returns how to stop. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Begins to listen, and keeps listening while the page is looked at: browsers allow few connections to one server. */
export function follow(): void {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") return stop();
    tellAll({ type: "*", data: {} });
    start();
  });
  start();
}

function start(): void {
  stop();
  source = new EventSource("/v1/events/stream");
  source.onopen = () => {
    connection.value = "live";
    clear();
  };
  source.onerror = () => {
    // The browser opens it again by itself, from the last id on, unless the server refuses.
    if (source?.readyState === EventSource.CLOSED) poll();
    else connection.value = "connecting";
  };
  source.onmessage = (message) => hear(message.data);
  for (const type of TYPES) source.addEventListener(type, (message) => hear((message as MessageEvent<string>).data));
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
  timers = [setInterval(() => tellAll({ type: "*", data: {} }), POLL), setInterval(start, OPEN_AGAIN)];
}

function hear(text: string): void {
  tellAll(JSON.parse(text) as Happening);
}

function tellAll(happening: Happening): void {
  for (const listener of listeners) listener(happening);
}
