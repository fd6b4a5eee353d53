import type { AccountStatus, ApprovalStatus, ContainerStatus, PostStatus } from "@layers/sdk";

export type AnyStatus = PostStatus | ContainerStatus | ApprovalStatus | AccountStatus;

/** What people call it. */
export const STATUS_WORDS: Record<AnyStatus, string> = {
  queued: "Queued",
  publishing: "Publishing",
  published: "Published",
  draft_in_inbox: "In inbox",
  failed: "Failed",
  canceled: "Canceled",
  generating: "Generating",
  completed: "Ready",
  pending: "To review",
  approved: "Approved",
  rejected: "Rejected",
  not_required: "No review needed",
  connected: "Connected",
  reauth_required: "Reconnect",
  disconnected: "Disconnected",
};

/** The colour of a status is `var(--mark)`, `--mark-soft` and `--mark-ink` on anything with `data-status`. */
export function Status({ status }: { status: AnyStatus }) {
  return (
    <span class="status" data-status={status}>
      {STATUS_WORDS[status]}
    </span>
  );
}
