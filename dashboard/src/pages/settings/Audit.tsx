import type { AuditEvent } from "@layers/sdk";
import { ScrollText } from "lucide-preact";
import { useState } from "preact/hooks";
import { layers } from "../../api";
import { useLoad } from "../../load";
import type { PageProps } from "../../places";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Trouble } from "../../ui/Notice";
import { Skeleton } from "../../ui/Skeleton";
import { Switch } from "../../ui/Switch";
import { dateTime } from "../../words/times";

const PAGE = 50;

/** What was done, by whom, newest first. */
export function Audit({ projectId }: PageProps) {
  const [scope, setScope] = useState<"project" | "all">("project");
  const [shown, setShown] = useState(PAGE);
  const { data, fault } = useLoad(
    `${projectId} ${scope} ${shown}`,
    (signal) =>
      layers.audit.list({ limit: PAGE, ...(scope === "project" && { projectId }) }, { signal }).toArray(shown + 1),
    () => true,
  );
  const items = data?.slice(0, shown);
  return (
    <section class="part">
      <div class="part-head">
        <Switch
          label="Of what"
          choices={[
            ["project", "This project"],
            ["all", "Everything"],
          ]}
          value={scope}
          onChange={setScope}
        />
      </div>
      <Trouble fault={fault} />
      {!items && !fault && <Skeleton height="48px" count={8} />}
      {items?.length === 0 && <Empty icon={ScrollText} title="Nothing yet" />}
      {items && items.length > 0 && (
        <ul class="rows card" aria-label="Audit log">
          {items.map((event) => (
            <Line key={event.eventId} event={event} />
          ))}
        </ul>
      )}
      {data && data.length > shown && <Button onClick={() => setShown(shown + PAGE)}>More</Button>}
    </section>
  );
}

function Line({ event }: { event: AuditEvent }) {
  return (
    <li>
      <details class="words">
        <summary>
          <code>{event.eventType}</code>
          <span class="faint small">
            {event.actor} · {dateTime(event.occurredAt)}
          </span>
        </summary>
        <pre tabIndex={0}>{JSON.stringify({ requestId: event.requestId, ...event.data }, null, 2)}</pre>
      </details>
    </li>
  );
}
