/** What waits, in the order in which it matters, and to which accounts it may go. */
import type { Container, SocialAccount, Target } from "@layers/sdk";
import { layers } from "../../api";
import { catalog } from "../../catalog";
import { can } from "../../session";

/** More than anybody reviews in one go; the next ones come up as these are done. */
const MOST = 100;

export interface Queue {
  containers: Container[];
  accounts: SocialAccount[];
}

export async function readQueue(projectId: string, signal: AbortSignal): Promise<Queue> {
  const [containers, accounts] = await Promise.all([
    layers.content.list({ projectId, approvalStatus: "pending", status: "completed", limit: MOST }, { signal }).toArray(MOST),
    can("social:read") ? layers.social.listAccounts({ projectId, limit: 100 }, { signal }).toArray() : [],
  ]);
  return { containers: containers.sort((a, b) => urgency(a) - urgency(b)), accounts };
}

/** First what goes out as soon as it is approved, then by the time planned; what has no plan comes last, oldest first. */
function urgency({ pendingSchedule, createdAt }: Container): number {
  if (!pendingSchedule) return Date.parse(createdAt) * 1e3;
  return pendingSchedule.scheduledFor ? Date.parse(pendingSchedule.scheduledFor) : 0;
}

/** One way the content may be seen: planned, or one that the project's accounts would allow. */
export interface View {
  account: Pick<SocialAccount, "platform" | "handle" | "displayName" | "avatarUrl">;
  mode: string;
  caption: string;
  firstComment: string | null;
  options: Record<string, unknown>;
  /** Whether words of its own replace the container's. */
  overridden: boolean;
}

export function viewsOf(container: Container, accounts: readonly SocialAccount[]): View[] {
  const planned = container.pendingSchedule?.targets.flatMap((target) => plannedView(container, target, accounts));
  if (planned?.length) return planned;
  const able = accounts.filter(({ status }) => status !== "disconnected");
  const shown = able.length > 0 ? able : Object.keys(container.platformFit).map(nobody);
  return shown.map((account) => ({
    account,
    mode: likelyMode(container, account.platform),
    caption: container.caption,
    firstComment: container.firstComment,
    options: {},
    overridden: false,
  }));
}

function plannedView(container: Container, target: Target, accounts: readonly SocialAccount[]): View[] {
  const account = accounts.find((one) => one.socialAccountId === target.socialAccountId);
  if (!account) return [];
  return [
    {
      account,
      mode: target.mode,
      caption: target.captionOverride ?? container.caption,
      firstComment: target.firstCommentOverride ?? container.firstComment,
      options: { ...account.postDefaults, ...target.platformOptions },
      overridden: target.captionOverride != null || target.firstCommentOverride != null,
    },
  ];
}

/** The first mode the content fits, in the catalog's order, which begins with the usual one. */
function likelyMode({ platformFit }: Container, platform: string): string {
  const fits = platformFit[platform] ?? {};
  const modes = catalog.value?.find((one) => one.platform === platform)?.modes.map(({ mode }) => mode) ?? Object.keys(fits);
  return modes.find((mode) => fits[mode]?.fits) ?? modes[0] ?? "direct_publish";
}

const nobody = (platform: string): View["account"] => ({ platform, handle: "account", displayName: "", avatarUrl: null });
