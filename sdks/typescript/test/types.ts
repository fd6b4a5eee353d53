/** What the compiler must accept and must refuse. Nothing here runs. */
import {
  ApiError,
  Client,
  ConflictError,
  type Issue,
  Layers,
  type Page,
  Publishing,
  type Queued,
  type ScheduledPost,
  ValidationError,
  type WebhookEvent,
} from "@layers/sdk";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

declare const layers: Layers;
const targets = [{ socialAccountId: "sa_1", mode: "direct_publish" }];

export async function accepted(): Promise<void> {
  const result = await layers.publishing.publishNow({ containerId: "cnt_1", targets }, { idempotencyKey: "k" });
  same<typeof result, Queued>(true);
  same<typeof result.gateStatus, "blocked_on_approval" | "queued">(true);
  await layers.publishing.schedule({ containerId: "cnt_1", scheduledFor: new Date(), targets });
  await layers.publishing.schedule({ containerId: "cnt_1", scheduledFor: "2026-04-18T19:18:42Z", targets });
  await layers.publishing.cancel({ postId: "sp_1" });
  await layers.content.createText({ projectId: "prj_1", caption: "no kind needed" });
  await layers.content.upload({ projectId: "prj_1", files: ["a.mp4", new Blob(["b"]), { data: new Uint8Array(1), name: "c" }] });
  const posts = layers.publishing.listScheduledPosts({ projectId: "prj_1", status: ["queued", "failed"], since: new Date() });
  same<Awaited<typeof posts>, Page<ScheduledPost>>(true);
  for await (const post of posts) same<typeof post, ScheduledPost>(true);
  for await (const page of posts.pages()) same<typeof page, Page<ScheduledPost>>(true);
  await layers.projects.list();
  await new Publishing(new Client({ apiKey: "lp_test_" })).validate({ containerId: "cnt_1", targets });
  await layers.publishing.waitUntilDone("sp_1", { timeout: 1000, signal: AbortSignal.timeout(10) });
  await layers.publishing.waitUntilDone(await layers.publishing.getScheduledPost({ postId: "sp_1" }));
}

export function refused(): void {
  // @ts-expect-error: a container is needed
  void layers.publishing.publishNow({ targets });
  // @ts-expect-error: targets are needed
  void layers.publishing.publishNow({ containerId: "cnt_1" });
  // @ts-expect-error: the API refuses what it does not know
  void layers.publishing.publishNow({ containerId: "cnt_1", targets, urgent: true });
  // @ts-expect-error: a target has a mode
  void layers.publishing.publishNow({ containerId: "cnt_1", targets: [{ socialAccountId: "sa_1" }] });
  // @ts-expect-error: reads have no key
  void layers.publishing.getScheduledPost({ postId: "sp_1" }, { idempotencyKey: "k" });
  // @ts-expect-error: no such status
  void layers.publishing.listScheduledPosts({ projectId: "prj_1", status: "done" });
  // @ts-expect-error: ids go by name
  void layers.projects.get("prj_1");
  // @ts-expect-error: kind is said already
  void layers.content.createText({ projectId: "prj_1", caption: "words", kind: "video" });
  // @ts-expect-error: a Date is no file
  void layers.content.upload({ projectId: "prj_1", files: [new Date()] });
  // @ts-expect-error: a misspelt setting
  new Layers({ apikey: "lp_test_" });
}

export function narrowed(error: unknown, event: WebhookEvent): void {
  if (error instanceof ValidationError) {
    same<typeof error.code, "VALIDATION">(true);
    same<typeof error.details.issues, Issue[]>(true);
  }
  if (error instanceof ConflictError) same<typeof error.details.scheduledPostIds, string[] | undefined>(true);
  if (error instanceof ApiError) same<typeof error.requestId, string>(true);
  if (event.type === "post.failed") same<typeof event.data.error.retryable, boolean>(true);
  // @ts-expect-error: only some events have this
  void event.data.handoffUrl;
}
