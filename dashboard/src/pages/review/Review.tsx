import type { Container } from "@layers/sdk";
import { CheckCheck, ChevronLeft, ChevronRight, ShieldCheck } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { layers } from "../../api";
import { readCatalog } from "../../catalog";
import { useLoad } from "../../load";
import { pathOf, type PageProps } from "../../places";
import { can } from "../../session";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { useKeys } from "../../ui/keys";
import { Notice, Trouble } from "../../ui/Notice";
import { Skeleton } from "../../ui/Skeleton";
import { Candidate } from "./Candidate";
import { QueueList } from "./QueueList";
import { readQueue } from "./queue";
import { Verdict, type VerdictKind } from "./Verdict";
import "./review.css";

const SHORTCUTS = [
  ["j", "next"],
  ["k", "previous"],
  ["1 … 9", "see it on the first, second, … account"],
  ["a", "approve"],
  ["r", "reject"],
  ["?", "this help"],
] as const;

export default function Review({ projectId }: PageProps) {
  useEffect(readCatalog, []);
  const queue = useLoad(
    projectId,
    (signal) => readQueue(projectId, signal),
    ({ type }) => type.startsWith("content.") || type.startsWith("social_account."),
  );
  const [done, setDone] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<string>();
  const [asking, setAsking] = useState<VerdictKind | "help">();
  const [trouble, setTrouble] = useState<string>();
  const waiting = queue.data?.containers.filter(({ id }) => !done.has(id)) ?? [];
  const place = useRef(0);
  const found = waiting.findIndex(({ id }) => id === chosen);
  // Whoever was chosen is gone: whoever took its place is next.
  const at = found >= 0 ? found : Math.min(place.current, Math.max(0, waiting.length - 1));
  place.current = at;
  const current = waiting[at];

  const go = (index: number) => setChosen(waiting[Math.max(0, Math.min(waiting.length - 1, index))]?.id);
  const ask = (what: VerdictKind) => current && can("content:approve") && setAsking(what);
  useKeys({
    j: () => go(at + 1),
    k: () => go(at - 1),
    a: () => ask("approve"),
    r: () => ask("reject"),
    "?": () => setAsking("help"),
  });

  const decided = (container: Container, failure?: string) => {
    setAsking(undefined);
    setTrouble(failure);
    setDone(new Set([...done, container.id]));
    setChosen(waiting[at + 1]?.id);
    void queue.reload();
  };

  if (queue.fault && !queue.data) return <div class="page"><Trouble fault={queue.fault} /></div>;
  if (!queue.data) return <ReviewSkeleton />;
  if (!current) return <NothingWaits projectId={projectId} any={done.size > 0} trouble={trouble} />;
  return (
    <div class="review">
      <QueueList containers={waiting} chosen={current.id} onChoose={setChosen} onHelp={() => setAsking("help")} />
      <div class="review-stage">
        <div class="review-steps">
          <h1>Review</h1>
          <Button tone="quiet" icon={ChevronLeft} aria-label="Previous" disabled={at === 0} onClick={() => go(at - 1)} />
          <span class="numbers soft">
            {at + 1} of {waiting.length}
          </span>
          <Button
            tone="quiet"
            icon={ChevronRight}
            aria-label="Next"
            disabled={at === waiting.length - 1}
            onClick={() => go(at + 1)}
          />
        </div>
        {trouble && <Notice tone="care">{trouble}</Notice>}
        <Candidate key={current.id} container={current} accounts={queue.data.accounts} onAsk={ask} />
      </div>
      {(asking === "approve" || asking === "reject") && (
        <Verdict kind={asking} container={current} onClose={() => setAsking(undefined)} onDecided={decided} />
      )}
      {asking === "help" && <Help onClose={() => setAsking(undefined)} />}
    </div>
  );
}

function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="shortcuts">
        {SHORTCUTS.map(([key, words]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <div class="actions">
        <Button onClick={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

function ReviewSkeleton() {
  return (
    <div class="review" aria-busy="true">
      <div class="queue">
        <Skeleton height="72px" count={5} />
      </div>
      <div class="review-stage">
        <div class="candidate">
          <div class="candidate-look">
            <Skeleton height="560px" width="320px" />
          </div>
          <div class="candidate-facts">
            <Skeleton height="96px" count={3} />
          </div>
        </div>
      </div>
    </div>
  );
}

interface NothingWaitsProps {
  projectId: string;
  /** Whether some were reviewed just now. */
  any: boolean;
  trouble: string | undefined;
}

function NothingWaits({ projectId, any, trouble }: NothingWaitsProps) {
  const policy = useLoad(projectId, (signal) => layers.approval.getPolicy({ projectId }, { signal }));
  const off = policy.data && !policy.data.requiresApproval;
  const [fault, setFault] = useState<unknown>();
  const require = () =>
    layers.approval.updatePolicy({ projectId, requiresApproval: true }).then(() => policy.reload(), setFault);
  return (
    <>
      <h1 class="unseen">Review</h1>
      <Empty icon={CheckCheck} title={any ? "All reviewed" : "Nothing to review"}>
        {trouble && <Notice tone="care">{trouble}</Notice>}
        {off ? (
          <p>This project publishes without asking. Require a review, and new content waits here for a yes.</p>
        ) : (
          <p>New content waits here until somebody says yes. It appears by itself, no need to reload.</p>
        )}
        <div class="actions">
          {off && can("projects:write") && (
            <Button tone="primary" icon={ShieldCheck} onClick={require}>
              Require a review
            </Button>
          )}
          {can("content:write") && (
            <a class="button" href={pathOf(projectId, "compose")}>
              Compose something
            </a>
          )}
        </div>
        <Trouble fault={fault} />
      </Empty>
    </>
  );
}
