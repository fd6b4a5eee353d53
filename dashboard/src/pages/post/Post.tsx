/** One post: what happened to it, what happens next, and what can be done about it. */
import type { Container, LastError, ScheduledPost, SocialAccount, StoryEvent } from "@layers/sdk";
import { NotFoundError } from "@layers/sdk";
import { ArrowLeft, CalendarClock, ExternalLink, RotateCcw, SearchX, XCircle } from "lucide-preact";
import { useRoute } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { layers } from "../../api";
import { readCatalog, titleOf, wordsOf } from "../../catalog";
import { useLoad } from "../../load";
import { pathOf, type PageProps } from "../../places";
import { Preview } from "../../previews/Preview";
import { can } from "../../session";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Notice, Trouble } from "../../ui/Notice";
import { Skeleton } from "../../ui/Skeleton";
import { Status } from "../../ui/Status";
import { dateTime, fromNow } from "../../words/times";
import { CancelDialog, MoveDialog, RetryDialog } from "./asks";
import { Outlook } from "./Outlook";
import { Resolve } from "./Resolve";
import { Story } from "./Story";
import "./post.css";

interface Seen {
  post: ScheduledPost;
  steps: StoryEvent[];
  account: SocialAccount | undefined;
  /** undefined: it may not be seen, or is gone. */
  container: Container | undefined;
}

async function see(projectId: string, postId: string, signal: AbortSignal): Promise<Seen> {
  const options = { signal };
  const [post, story] = await Promise.all([
    layers.publishing.getScheduledPost({ postId }, options),
    layers.publishing.getScheduledPostEvents({ postId }, options),
  ]);
  const [accounts, container] = await Promise.all([
    can("social:read") ? layers.social.listAccounts({ projectId, limit: 100 }, options).toArray() : [],
    can("content:read") ? layers.content.get({ containerId: post.containerId }, options).catch(ifGone) : undefined,
  ]);
  const account = accounts.find(({ socialAccountId }) => socialAccountId === post.socialAccountId);
  return { post, steps: story.items, account, container };
}

function ifGone(fault: unknown): undefined {
  if (!(fault instanceof NotFoundError)) throw fault;
}

/** A post in motion is looked at more often: not every step of its story is an event of its own. */
const IN_MOTION = 2_000;

export default function Post({ projectId }: PageProps) {
  const { postId = "" } = useRoute().params;
  useEffect(readCatalog, []);
  const { data, fault, reload } = useLoad(
    postId,
    (signal) => see(projectId, postId, signal),
    ({ type, data: about }) => type.startsWith("post.") && about.scheduledPostId === postId,
  );
  const status = data?.post.status;
  const due = data?.post.nextAttemptAt ?? data?.post.scheduledFor;
  useEffect(() => {
    if (status !== "publishing" && status !== "queued") return undefined;
    const wait = status === "publishing" ? IN_MOTION : Math.max(IN_MOTION, Date.parse(due ?? "") - Date.now());
    const timer = setInterval(() => void reload(), Math.min(wait, 60_000));
    return () => clearInterval(timer);
  }, [status, due, reload]);

  return (
    <div class="page post-page">
      <a class="back" href={pathOf(projectId, "calendar")}>
        <ArrowLeft size={15} aria-hidden /> Calendar
      </a>
      {fault instanceof NotFoundError ? (
        <Empty icon={SearchX} title="No such post here">
          <p>It may belong to another project, or to the other environment.</p>
        </Empty>
      ) : (
        <Trouble fault={fault} />
      )}
      {data ? <Whole {...data} reload={reload} /> : !fault && <Waiting />}
    </div>
  );
}

function Whole({ post, steps, account, container, reload }: Seen & { reload: () => Promise<void> }) {
  const shown = account ?? nobody(post);
  const unknown = post.lastError?.code === "OUTCOME_UNKNOWN" && post.status === "failed";
  return (
    <>
      <header>
        <div class="post-head">
          <Avatar account={shown} side={44} />
          <div>
            <h1>{shown.displayName || shown.handle || titleOf(post.platform)}</h1>
            <p>
              {titleOf(post.platform)} · {wordsOf(post.mode)}
            </p>
          </div>
          <Status status={post.status} />
        </div>
        <Actions post={post} onDone={reload} />
      </header>
      <Outlook post={post} />
      {unknown ? <Resolve post={post} steps={steps} onDone={reload} /> : <Failure post={post} />}
      <div class="post-columns">
        <section aria-labelledby="story">
          <h2 id="story">What happened</h2>
          <Story steps={steps} />
        </section>
        <aside aria-label="The post">
          {container && (
            <Preview
              account={shown}
              mode={post.mode}
              kind={container.kind}
              items={container.assets}
              caption={post.caption}
              firstComment={post.firstComment}
              options={{}}
            />
          )}
          <Facts post={post} />
        </aside>
      </div>
    </>
  );
}

const nobody = ({ platform }: ScheduledPost) => ({ platform, handle: "", displayName: "", avatarUrl: null });

/** Only what can be done now, by whoever has signed in. */
function Actions({ post, onDone }: { post: ScheduledPost; onDone: () => Promise<void> }) {
  const [asking, setAsking] = useState<"move" | "cancel" | "retry">();
  if (!can("publish:write")) return null;
  const asked = { post, onClose: () => setAsking(undefined), onDone };
  const known = post.lastError?.code !== "OUTCOME_UNKNOWN";
  return (
    <div class="actions">
      {post.status === "queued" && (
        <Button icon={CalendarClock} onClick={() => setAsking("move")}>
          Reschedule
        </Button>
      )}
      {(post.status === "queued" || post.status === "publishing") && (
        <Button tone="danger" icon={XCircle} onClick={() => setAsking("cancel")}>
          Cancel the post
        </Button>
      )}
      {post.status === "failed" && known && (
        <Button tone="primary" icon={RotateCcw} onClick={() => setAsking("retry")}>
          Try again
        </Button>
      )}
      {post.externalUrl && (
        <a class="button" href={post.externalUrl} target="_blank" rel="noreferrer">
          <ExternalLink size={16} aria-hidden />
          {post.status === "draft_in_inbox" ? "Open the hand-off" : "See it there"}
        </a>
      )}
      {asking === "move" && <MoveDialog {...asked} />}
      {asking === "cancel" && <CancelDialog {...asked} />}
      {asking === "retry" && <RetryDialog {...asked} />}
    </div>
  );
}

function Failure({ post }: { post: ScheduledPost }) {
  const error = post.lastError;
  if (!error || post.status === "published" || post.status === "canceled") return null;
  return (
    <Notice tone={post.status === "failed" ? "trouble" : "care"}>
      {error.message}
      <span class="request">{codes(error)}</span>
    </Notice>
  );
}

const codes = ({ code, platformCode }: LastError) => [code, platformCode].filter(Boolean).join(" · ");

function Facts({ post }: { post: ScheduledPost }) {
  const rows: [string, string | null][] = [
    ["Scheduled for", dateTime(post.scheduledFor)],
    ["Published", post.publishedAt && dateTime(post.publishedAt)],
    ["Canceled", post.canceledAt && dateTime(post.canceledAt)],
    ["Tries", String(post.attempts)],
    ["Last change", fromNow(post.updatedAt)],
    ["Id on the platform", post.externalId],
    ["Post", post.id],
    ["Container", post.containerId],
  ];
  return (
    <dl class="facts card">
      {rows.map(([name, value]) =>
        value ? (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

function Waiting() {
  return (
    <>
      <Skeleton height="44px" width="60%" />
      <div class="post-columns">
        <Skeleton height="64px" count={5} />
        <Skeleton height="480px" />
      </div>
    </>
  );
}
