import type { EventType, WebhookEndpoint } from "@layers/sdk";
import { Plus, Webhook } from "lucide-preact";
import { useState } from "preact/hooks";
import { layers } from "../../api";
import { useLoad } from "../../load";
import type { PageProps } from "../../places";
import { can } from "../../session";
import { Ask } from "../../ui/Ask";
import { Button } from "../../ui/Button";
import { useDoing } from "../../ui/doing";
import { Empty } from "../../ui/Empty";
import { Field } from "../../ui/Field";
import { Notice, Trouble } from "../../ui/Notice";
import { Secret } from "../../ui/Secret";
import { Skeleton } from "../../ui/Skeleton";
import { Ticks } from "../../ui/Ticks";
import { toast } from "../../ui/Toasts";
import { fromNow } from "../../words/times";
import { Deliveries } from "./Deliveries";

/** All there are but the test: one that is missing here does not compile. */
const TOLD: Record<Exclude<EventType, "test.ping">, true> = {
  "post.scheduled": true,
  "post.published": true,
  "post.failed": true,
  "post.canceled": true,
  "post.draft_ready": true,
  "post.late": true,
  "content.completed": true,
  "content.failed": true,
  "content.approved": true,
  "content.rejected": true,
  "social_account.connected": true,
  "social_account.needs_reauth": true,
  "social_account.revoked": true,
};
const EVENTS = Object.keys(TOLD) as EventType[];

export function Webhooks({ projectId }: PageProps) {
  const [making, setMaking] = useState(false);
  const [shown, setShown] = useState<{ url: string; secret: string }>();
  const { data, fault, reload } = useLoad("webhooks", async (signal) => {
    const all = await layers.webhooks.listEndpoints({ limit: 100 }, { signal }).toArray(500);
    return all.filter((endpoint) => endpoint.projectId === null || endpoint.projectId === projectId);
  });
  const free = can("webhooks:write");
  return (
    <section class="part">
      <div class="part-head">
        <p class="soft">Addresses of yours that are told what happens, as it happens, signed.</p>
        {free && (
          <Button icon={Plus} onClick={() => setMaking(true)}>
            Add an endpoint
          </Button>
        )}
      </div>
      {shown && (
        <Secret title="The signing secret" secret={shown.secret} onClose={() => setShown(undefined)}>
          What {new URL(shown.url).host} checks signatures with. It is not shown again.
        </Secret>
      )}
      <Trouble fault={fault} />
      {!data && !fault && <Skeleton height="120px" count={2} />}
      {data?.length === 0 && (
        <Empty icon={Webhook} title="Nobody is told yet">
          <p>Instead of asking whether a post is out, be told: add an address that takes a POST.</p>
        </Empty>
      )}
      {data?.map((endpoint) => (
        <Endpoint key={endpoint.id} endpoint={endpoint} onDone={reload} onShown={setShown} />
      ))}
      {making && <Create projectId={projectId} onClose={() => setMaking(false)} onDone={reload} onShown={setShown} />}
    </section>
  );
}

interface EndpointProps {
  endpoint: WebhookEndpoint;
  onDone: () => Promise<void>;
  onShown: (shown: { url: string; secret: string }) => void;
}

function Endpoint({ endpoint, onDone, onShown }: EndpointProps) {
  const [asking, setAsking] = useState<"rotate" | "delete">();
  const [deliveries, setDeliveries] = useState(false);
  const { busy, fault, run } = useDoing();
  const { id: endpointId, url } = endpoint;
  const paused = endpoint.status === "paused";
  const test = () =>
    run(async () => {
      await layers.webhooks.testEndpoint({ endpointId });
      setDeliveries(true);
      toast("A test.ping is on its way.");
    });
  const pause = () =>
    run(async () => {
      await layers.webhooks.updateEndpoint({ endpointId, status: paused ? "active" : "paused" });
      await onDone();
    });
  const change = async () => {
    if (asking === "rotate") onShown({ url, secret: (await layers.webhooks.rotateSecret({ endpointId })).secret });
    else await layers.webhooks.deleteEndpoint({ endpointId });
    await onDone();
  };
  return (
    <article class="endpoint card">
      <header>
        <div>
          <h2>{url}</h2>
          <p class="soft small">
            {endpoint.description && `${endpoint.description} · `}
            {endpoint.projectId ? "this project" : "all projects"} · {endpoint.events.join(", ")}
          </p>
        </div>
        <span class="status" data-status={paused ? "failed" : "connected"}>
          {paused ? "Paused" : "Active"}
        </span>
      </header>
      {paused && (
        <Notice tone="care">
          Paused {endpoint.pausedAt && fromNow(endpoint.pausedAt)}
          {endpoint.failures > 0 && ` after ${endpoint.failures} failures in a row`}. Events are kept and wait for it.
        </Notice>
      )}
      <Trouble fault={fault} />
      <div class="actions">
        <Button onClick={() => setDeliveries(!deliveries)} aria-expanded={deliveries}>
          Deliveries
        </Button>
        {can("webhooks:write") && (
          <>
            <Button tone="quiet" busy={busy} onClick={() => void test()}>
              Send a test
            </Button>
            <Button tone="quiet" onClick={() => void pause()}>
              {paused ? "Go on" : "Pause"}
            </Button>
            <Button tone="quiet" onClick={() => setAsking("rotate")}>
              New secret
            </Button>
            <Button tone="quiet" onClick={() => setAsking("delete")}>
              Delete
            </Button>
          </>
        )}
      </div>
      {deliveries && <Deliveries endpointId={endpointId} />}
      {asking && (
        <Ask
          title={asking === "rotate" ? "Make a new secret?" : "Delete this endpoint?"}
          yes={asking === "rotate" ? "New secret" : "Delete"}
          no="Leave it"
          tone="destroy"
          act={change}
          onClose={() => setAsking(undefined)}
        >
          <p>
            {asking === "rotate"
              ? "Both secrets sign for 24 hours, then the old one ends."
              : "What was not delivered to it yet will not be."}
          </p>
        </Ask>
      )}
    </article>
  );
}

interface CreateProps {
  projectId: string;
  onClose: () => void;
  onDone: () => Promise<void>;
  onShown: (shown: { url: string; secret: string }) => void;
}

function Create({ projectId, onClose, onDone, onShown }: CreateProps) {
  const [url, setUrl] = useState("");
  const [here, setHere] = useState(true);
  const [events, setEvents] = useState<readonly EventType[]>(["post.published", "post.failed"]);
  const act = async () => {
    const made = await layers.webhooks.createEndpoint({ url, events: [...events], ...(here && { projectId }) });
    if (made.secret) onShown({ url: made.url, secret: made.secret });
    await onDone();
  };
  return (
    <Ask title="Add an endpoint" yes="Add it" act={act} onClose={onClose}>
      <Field label="Address" hint="It answers a POST with 2xx within a few seconds.">
        {(field) => (
          <input
            {...field}
            type="url"
            required
            placeholder="https://"
            value={url}
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        )}
      </Field>
      <label class="check">
        <input type="checkbox" checked={here} onChange={(event) => setHere(event.currentTarget.checked)} />
        <span>Of this project alone</span>
      </label>
      <Ticks legend="It is told of" choices={EVENTS} value={events} onChange={setEvents} />
    </Ask>
  );
}
