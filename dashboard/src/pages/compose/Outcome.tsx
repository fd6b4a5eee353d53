import type { ScheduledPost, SocialAccount } from "@layers/sdk";
import { CircleCheck, Hourglass } from "lucide-preact";
import { layers } from "../../api";
import { titleOf, wordsOf } from "../../catalog";
import { useLoad } from "../../load";
import { pathOf } from "../../places";
import { can } from "../../session";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Trouble } from "../../ui/Notice";
import { Skeleton } from "../../ui/Skeleton";
import { Status } from "../../ui/Status";
import { dateTime } from "../../words/times";
import { beginAnew, type Draft, type Sent } from "./draft";

interface OutcomeProps {
  draft: Draft;
  sent: Sent;
  accounts: readonly SocialAccount[];
}

/** What became of it, as it happens. */
export function Outcome({ draft, sent, accounts }: OutcomeProps) {
  const waits = sent.gateStatus === "blocked_on_approval";
  const later = Date.parse(sent.scheduledFor) > Date.now() + 60_000;
  const Icon = waits ? Hourglass : CircleCheck;
  return (
    <section class="empty outcome">
      <div class="emblem" aria-hidden>
        <Icon size={22} />
      </div>
      <h1>{waits ? "It waits for a review" : later ? "Planned" : "On its way"}</h1>
      <p>
        {waits
          ? `As soon as somebody approves it, it goes out${later ? ` ${dateTime(sent.scheduledFor)}` : ""}. Nothing is left to do here.`
          : later
            ? `It goes out ${dateTime(sent.scheduledFor)}.`
            : "This shows how it goes; it goes on without this page too."}
      </p>
      {!waits && <Posts ids={sent.scheduledPostIds} accounts={accounts} projectId={draft.projectId} />}
      <div class="actions">
        {waits && can("content:approve") && (
          <a class="button" href={pathOf(draft.projectId, "review")}>
            To the review
          </a>
        )}
        <Button tone="primary" onClick={() => void beginAnew(draft.projectId)}>
          Compose another
        </Button>
      </div>
    </section>
  );
}

interface PostsProps {
  ids: readonly string[];
  accounts: readonly SocialAccount[];
  projectId: string;
}

function Posts({ ids, accounts, projectId }: PostsProps) {
  const posts = useLoad(
    ids.join(),
    (signal) => Promise.all(ids.map((postId) => layers.publishing.getScheduledPost({ postId }, { signal }))),
    ({ data }) => ids.includes(data.scheduledPostId ?? ""),
  );
  if (posts.fault) return <Trouble fault={posts.fault} />;
  if (!posts.data) return <Skeleton height="54px" width="360px" count={ids.length} />;
  return (
    <ul class="outcome-posts">
      {posts.data.map((post) => (
        <Post key={post.id} post={post} account={accounts.find((one) => one.socialAccountId === post.socialAccountId)} projectId={projectId} />
      ))}
    </ul>
  );
}

function Post({ post, account, projectId }: { post: ScheduledPost; account?: SocialAccount; projectId: string }) {
  return (
    <li>
      <a class="card" href={pathOf(projectId, "posts", post.id)}>
        {account && <Avatar account={account} side={30} />}
        <span>
          <strong>{account?.handle ?? titleOf(post.platform)}</strong>
          <small class="faint">
            {titleOf(post.platform)} · {wordsOf(post.mode)}
          </small>
        </span>
        <Status status={post.status} />
      </a>
      {post.lastError && <small class="issue">{post.lastError.message}</small>}
    </li>
  );
}
