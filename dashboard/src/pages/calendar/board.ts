import type { CalendarDate } from "@internationalized/date";
import type { SocialAccount } from "@layers/sdk";
import type { Entry } from "./days";

/** What each view of the calendar shows, and what can be done in it. */
export interface Board {
  projectId: string;
  days: readonly CalendarDate[];
  /** The day the view was opened at. */
  at: CalendarDate;
  entries: readonly Entry[];
  /** Ids of those that are too close to another one of their account. */
  collisions: ReadonlySet<string>;
  accountOf: (id: string) => SocialAccount | undefined;
  /** undefined: whoever has signed in may not move posts. */
  move: ((entry: Entry, to: string) => Promise<void>) | undefined;
  openDay: (day: CalendarDate) => void;
}
