import type { WebhookDelivery } from "@layers/sdk";
import { RotateCcw } from "lucide-preact";
import { layers } from "../../api";
import { useLoad } from "../../load";
import { can } from "../../session";
import { Button } from "../../ui/Button";
import { useDoing } from "../../ui/doing";
import { Trouble } from "../../ui/Notice";
import { Skeleton } from "../../ui/Skeleton";
import { toast } from "../../ui/Toasts";
import { dateTime, fromNow, time } from "../../words/times";

const SHOWN = 25;
const MOMENT = 10_000;
const MARKS = { delivered: "published", failed: "failed", pending: "pending" } as const;

/** Or being tried now: no event tells of a delivery. */
function isAboutToBeTried({ status, nextAttemptAt }: WebhookDelivery): boolean {
  return status === "pending" && new Date(nextAttemptAt ?? 0).getTime() < Date.now() + MOMENT;
}

/** The newest deliveries of an endpoint: what was sent, what was answered; each can be sent again. */
export function Deliveries({ endpointId }: { endpointId: string }) {
  const { data, fault, reload } = useLoad(
    endpointId,
    (signal) => layers.webhooks.listDeliveries({ endpointId, limit: SHOWN }, { signal }),
    () => true,
    ({ items }) => items.some(isAboutToBeTried),
  );
  if (fault) return <Trouble fault={fault} />;
  if (!data) return <Skeleton height="44px" count={3} />;
  if (data.items.length === 0) return <p class="soft">Nothing was sent yet. Send a test to see what it looks like.</p>;
  return (
    <ul class="deliveries" aria-label="Deliveries">
      {data.items.map((delivery) => (
        <li key={delivery.id}>
          <Delivery delivery={delivery} onDone={reload} />
        </li>
      ))}
    </ul>
  );
}

function Delivery({ delivery, onDone }: { delivery: WebhookDelivery; onDone: () => Promise<void> }) {
  const { busy, fault, run } = useDoing();
  const replay = () =>
    run(async () => {
      await layers.webhooks.replayDelivery({ deliveryId: delivery.id });
      toast("It is sent again.");
      await onDone();
    });
  return (
    <details>
      <summary>
        <span class="status" data-status={MARKS[delivery.status]}>
          {delivery.status}
        </span>
        <code>{delivery.eventType}</code>
        <span class="faint small">
          {dateTime(delivery.createdAt)} · {delivery.attempts} {delivery.attempts === 1 ? "try" : "tries"}
          {delivery.nextAttemptAt && ` · next ${fromNow(delivery.nextAttemptAt)}`}
        </span>
      </summary>
      <div class="delivery">
        <ol>
          {delivery.tries.map((one) => (
            <li key={one.at}>
              <span class="numbers faint">{time(one.at, true)}</span> {one.status ?? "no answer"} in {one.durationMs} ms
              {one.error && ` · ${one.error}`}
              {one.response && <pre tabIndex={0}>{one.response}</pre>}
            </li>
          ))}
        </ol>
        <pre tabIndex={0}>{JSON.stringify(delivery.payload, null, 2)}</pre>
        <Trouble fault={fault} />
        {can("webhooks:write") && (
          <div class="actions">
            <Button icon={RotateCcw} busy={busy} onClick={() => void replay()}>
              Send it again
            </Button>
          </div>
        )}
      </div>
    </details>
  );
}
