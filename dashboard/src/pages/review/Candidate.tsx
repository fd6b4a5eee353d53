import type { Container, Fit, SocialAccount } from "@layers/sdk";
import { Check, CircleCheck, Clock, TriangleAlert, Wand2, X, Zap } from "lucide-preact";
import { useState } from "preact/hooks";
import { captionLimits, modeNamed, titleOf, wordsOf } from "../../catalog";
import { Preview } from "../../previews/Preview";
import { can } from "../../session";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Counter } from "../../ui/Counter";
import { useKeys } from "../../ui/keys";
import { Notice } from "../../ui/Notice";
import { dateTime, fromNow, zone } from "../../words/times";
import { KINDS } from "./QueueList";
import { type View, viewsOf } from "./queue";
import type { VerdictKind } from "./Verdict";

interface CandidateProps {
  container: Container;
  accounts: readonly SocialAccount[];
  onAsk: (what: VerdictKind) => void;
}

/** One container: how it will look on each account, what fits, and the two answers. */
export function Candidate({ container, accounts, onAsk }: CandidateProps) {
  const views = viewsOf(container, accounts);
  const [seen, setSeen] = useState(0);
  const view = views[Math.min(seen, views.length - 1)];
  useKeys(Object.fromEntries(views.slice(0, 9).map((_, index) => [String(index + 1), () => setSeen(index)])));
  if (!view) return null;
  return (
    <article class="candidate" aria-label="Under review">
      <div class="candidate-look">
        <Tabs views={views} seen={view} container={container} onSee={setSeen} />
        <Preview key={view.account.platform + view.mode} {...view} kind={container.kind} items={container.assets} />
      </div>
      <div class="candidate-facts">
        <Plan container={container} />
        <FitCard container={container} view={view} />
        <Facts container={container} />
      </div>
      <footer class="candidate-answer">
        {can("content:approve") ? (
          <>
            <Button tone="danger" icon={X} shortcut="r" onClick={() => onAsk("reject")}>
              Reject
            </Button>
            <Button tone="primary" icon={Check} shortcut="a" onClick={() => onAsk("approve")}>
              Approve
            </Button>
          </>
        ) : (
          <p class="soft">
            You may look. Approving needs a key with the scope <code>content:approve</code>.
          </p>
        )}
      </footer>
    </article>
  );
}

interface TabsProps {
  views: readonly View[];
  seen: View;
  container: Container;
  onSee: (index: number) => void;
}

function Tabs({ views, seen, container, onSee }: TabsProps) {
  return (
    <div class="view-tabs" role="group" aria-label="Seen on">
      {views.map((view, index) => (
        <button
          type="button"
          key={index}
          aria-pressed={view === seen}
          title={`${titleOf(view.account.platform)} · ${wordsOf(view.mode)}`}
          onClick={() => onSee(index)}
        >
          <Avatar account={view.account} side={26} />
          <span>
            {view.account.handle}
            <small class="faint">{wordsOf(view.mode)}</small>
          </span>
          {fitOf(container, view)?.fits === false && <TriangleAlert size={14} aria-label="does not fit" />}
        </button>
      ))}
    </div>
  );
}

const fitOf = (container: Container, view: View): Fit | undefined =>
  container.platformFit[view.account.platform]?.[view.mode];

/** What happens once it is approved. */
function Plan({ container: { pendingSchedule } }: { container: Container }) {
  if (!pendingSchedule) {
    return (
      <section class="card fact plan">
        <h2>No plan yet</h2>
        <p class="soft">Approved, it can be published. Nothing goes out by itself.</p>
      </section>
    );
  }
  const { scheduledFor, targets } = pendingSchedule;
  const where = targets.length === 1 ? "one account" : `${targets.length} accounts`;
  return (
    <section class="card fact plan" data-status={scheduledFor ? "queued" : "publishing"}>
      {scheduledFor ? <Clock size={18} aria-hidden /> : <Zap size={18} aria-hidden />}
      <h2>{scheduledFor ? `Will publish ${dateTime(scheduledFor)}` : "Publishes as soon as it is approved"}</h2>
      <p class="soft">
        To {where}
        {scheduledFor && `, ${fromNow(scheduledFor)} · ${zone()}`}
      </p>
    </section>
  );
}

function FitCard({ container, view }: { container: Container; view: View }) {
  const fit = fitOf(container, view);
  const mode = modeNamed(view.account.platform, view.mode);
  const limits = captionLimits(mode, container.kind);
  return (
    <section class="card fact">
      <h2>
        {titleOf(view.account.platform)}, {wordsOf(view.mode).toLowerCase()}
      </h2>
      {fit && !fit.fits && (
        <Notice tone="care">
          It does not fit here:
          <ul>
            {fit.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </Notice>
      )}
      {fit?.fits && (
        <p class="fits">
          <CircleCheck size={16} aria-hidden /> Everything fits
        </p>
      )}
      {fit?.changes.map((change) => (
        <p key={change} class="changes soft">
          <Wand2 size={15} aria-hidden /> {change}
        </p>
      ))}
      <dl class="measures">
        {limits && (
          <div>
            <dt>Caption{view.overridden && " (its own)"}</dt>
            <dd>
              <Counter text={view.caption} limits={limits} />
            </dd>
          </div>
        )}
        {limits === null && view.caption && (
          <div>
            <dt>Caption</dt>
            <dd class="soft">left out: there is no place for it</dd>
          </div>
        )}
        {view.firstComment && (
          <div>
            <dt>First comment</dt>
            <dd>
              {mode?.firstComment ? (
                <Counter text={view.firstComment} limits={mode.firstComment} />
              ) : (
                <span class="soft">left out: there is no place for it</span>
              )}
            </dd>
          </div>
        )}
        {Object.entries(view.options).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{Array.isArray(value) ? value.join(", ") : String(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const sizeOf = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${number.format(bytes / 1e6)} MB`;

function Facts({ container }: { container: Container }) {
  const misfits = Object.entries(container.platformFit).filter(([, modes]) => Object.values(modes).every(({ fits }) => !fits));
  return (
    <section class="card fact">
      <h2>{KINDS[container.kind]?.words ?? container.kind}</h2>
      <dl class="measures">
        {container.assets.map((asset, index) => (
          <div key={asset.id}>
            <dt>{container.assets.length > 1 ? `Item ${index + 1}` : asset.mimeType}</dt>
            <dd class="numbers soft">
              {asset.width} × {asset.height}
              {asset.durationMs !== null && ` · ${number.format(asset.durationMs / 1000)} s`}
              {` · ${sizeOf(asset.sizeBytes)}`}
            </dd>
          </div>
        ))}
        <div>
          <dt>Arrived</dt>
          <dd class="soft">{fromNow(container.createdAt)}</dd>
        </div>
        {misfits.length > 0 && (
          <div>
            <dt>Cannot go to</dt>
            <dd class="soft">{misfits.map(([platform]) => titleOf(platform)).join(", ")}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}
