import type { StoryEvent } from "@layers/sdk";
import type { LucideIcon } from "lucide-preact";
import {
  BadgeCheck,
  Ban,
  CalendarClock,
  CircleDot,
  CircleHelp,
  CircleX,
  Clock,
  Inbox,
  KeyRound,
  RotateCcw,
  Search,
  Send,
  UserCheck,
} from "lucide-preact";
import { dateTime, day, time } from "../../words/times";

/** The sign and the colour (of a status) of each kind of step. One without gets a dot. */
const SIGNS: Record<string, readonly [LucideIcon, string?]> = {
  absent: [Search],
  canceled: [Ban, "canceled"],
  delivered: [Inbox, "draft_in_inbox"],
  failed: [CircleX, "failed"],
  found: [Search, "published"],
  in_doubt: [CircleHelp, "pending"],
  late: [Clock, "pending"],
  outcome_unknown: [CircleHelp, "failed"],
  posted_by_hand: [UserCheck, "published"],
  published: [BadgeCheck, "published"],
  reauth_required: [KeyRound, "failed"],
  repeated: [RotateCcw, "pending"],
  rescheduled: [CalendarClock, "queued"],
  resolved: [UserCheck, "published"],
  retried: [RotateCcw, "queued"],
  retry: [RotateCcw, "pending"],
  scheduled: [CalendarClock, "queued"],
  sent: [Send, "publishing"],
  throttled: [Clock, "pending"],
  token_refreshed: [KeyRound],
  waiting: [Clock, "publishing"],
};

/** How a message writes a time; here it is told in the project's zone. */
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** A post's story, oldest step first; the day stands where it changes. */
export function Story({ steps }: { steps: readonly StoryEvent[] }) {
  return (
    <ol class="story">
      {steps.map((step, index) => {
        const before = steps[index - 1];
        return <Step key={step.at + index} step={step} newDay={!before || day(before.at) !== day(step.at)} />;
      })}
    </ol>
  );
}

function Step({ step, newDay }: { step: StoryEvent; newDay: boolean }) {
  const [Icon, status] = SIGNS[step.type] ?? [CircleDot];
  return (
    <li data-status={status}>
      <span class="sign" aria-hidden>
        <Icon size={15} />
      </span>
      <div>
        <p>{step.message.replace(INSTANT, dateTime)}</p>
        <Data data={step.data} />
      </div>
      <time class="numbers" dateTime={step.at}>
        {newDay && <span>{day(step.at)}</span>}
        {time(step.at, true)}
      </time>
    </li>
  );
}

/** What goes with a step: ids of requests, times, answers. For whoever wants to look closer. */
function Data({ data }: { data: Record<string, unknown> }) {
  const rows = Object.entries(data).filter(([, value]) => value !== null && value !== "");
  if (rows.length === 0) return null;
  return (
    <details>
      <summary>Details</summary>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{typeof value === "string" ? value : <pre>{JSON.stringify(value, null, 2)}</pre>}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
