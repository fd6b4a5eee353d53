import type { ScheduledPost } from "@layers/sdk";
import { titleOf } from "../../catalog";
import { dateTime, fromNow } from "../../words/times";

const when = (iso: string): string => `${dateTime(iso)} (${fromNow(iso)})`;

/** What happens next and when, in one sentence. */
function outlookOf(post: ScheduledPost): string {
  const there = titleOf(post.platform);
  switch (post.status) {
    case "queued":
      if (post.lastError?.code === "CREDENTIAL_INVALID") {
        return "It waits until the account is reconnected; a day after its time it is given up.";
      }
      if (post.nextAttemptAt) return `The next try is ${when(post.nextAttemptAt)}.`;
      if (Date.parse(post.scheduledFor) > Date.now()) return `It goes out ${when(post.scheduledFor)}.`;
      return "It is due and goes out as soon as the account's earlier posts are done.";
    case "publishing":
      if (post.lastError?.code === "IN_DOUBT") {
        return `An answer was lost. ${there} is asked what became of it before anything is sent again.`;
      }
      return `It is on its way to ${there}.`;
    case "published":
      return `It is public on ${there}${post.publishedAt ? ` since ${dateTime(post.publishedAt)}` : ""}.`;
    case "draft_in_inbox":
      return "It is in the creator's hands: a person finishes it in the app.";
    case "failed":
      if (post.lastError?.code === "OUTCOME_UNKNOWN") return "A person has to say whether it is there.";
      return "It is not tried again by itself.";
    case "canceled":
      return "It was withdrawn before anything was sent.";
  }
}

export function Outlook({ post }: { post: ScheduledPost }) {
  return (
    <p class="outlook card" data-status={post.status} role="status">
      {outlookOf(post)}
    </p>
  );
}
