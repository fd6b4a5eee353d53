/**
 * What is being composed. It outlives the page, so that one may look elsewhere and come back.
 *
 * The server holds the content as a container from the first words on, because only the server can say what fits: what
 * is typed follows after a moment (`follow`), and `/validate` says what it thinks of it.
 */
import {
  ApprovalRequiredError,
  type Container,
  type Progress,
  type Queued,
  type Target,
  type UploadParams,
  type Verdict,
} from "@layers/sdk";
import { computed, effect, signal } from "@preact/signals";
import { layers } from "../../api";
import { fromInput } from "../../words/times";

/** How an account gets the content; what is absent is the content's own. */
export interface Choice {
  mode: string;
  caption?: string;
  firstComment?: string;
  options: Record<string, unknown>;
  allowDuplicate?: boolean;
}

export interface Picked {
  key: string;
  file: File;
  /** An address of the file within this page. */
  url: string;
}

/** What became of it. `scheduledPostIds` is empty while it waits for a review. */
export type Sent = Pick<Queued, "scheduledPostIds" | "gateStatus" | "scheduledFor"> & { targets: Target[] };

const PAUSE = 500;
let count = 0;

export class Draft {
  readonly files = signal<readonly Picked[]>([]);
  readonly caption = signal("");
  readonly firstComment = signal("");
  readonly choices = signal<ReadonlyMap<string, Choice>>(new Map());
  /** As typed, in the project's zone; "": now. */
  readonly at = signal("");

  readonly container = signal<Container | undefined>(undefined);
  readonly progress = signal<number | undefined>(undefined);
  readonly verdict = signal<Verdict | undefined>(undefined);
  /** What is typed has not been judged yet. */
  readonly behind = signal(false);
  readonly fault = signal<unknown>(undefined);
  readonly sending = signal(false);
  readonly sent = signal<Sent | undefined>(undefined);

  readonly kind = computed(() => {
    const files = this.files.value;
    if (files.length === 0) return "text";
    if (files.length > 1) return "carousel";
    return files[0]!.file.type.startsWith("video/") ? "video" : "image";
  });
  readonly targets = computed<Target[]>(() => [...this.choices.value].map(targetOf));

  /** Which files the container was made from. */
  #madeFrom = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;
  #work: Promise<void> = Promise.resolve();
  #upload: AbortController | undefined;
  /** Which files are or were last being sent. */
  #uploading = "";
  readonly #end: () => void;

  constructor(readonly projectId: string) {
    this.#end = effect(() => {
      // Whatever of these changes, the server is told.
      void [this.files.value, this.caption.value, this.firstComment.value, this.targets.value, this.at.value];
      this.#soon();
    });
  }

  get isEmpty(): boolean {
    return this.files.value.length === 0 && !this.caption.value.trim();
  }

  pick(files: Iterable<File>): void {
    const picked = [...files].map((file) => ({ key: String(++count), file, url: URL.createObjectURL(file) }));
    this.files.value = [...this.files.value, ...picked];
  }

  drop(key: string): void {
    this.files.value = this.files.value.filter((one) => one.key !== key);
  }

  move(key: string, to: number): void {
    const moved = this.files.value.find((one) => one.key === key);
    const others = this.files.value.filter((one) => one.key !== key);
    if (moved) this.files.value = [...others.slice(0, to), moved, ...others.slice(to)];
  }

  choose(accountId: string, choice: Choice | undefined): void {
    const choices = new Map(this.choices.value);
    if (choice) choices.set(accountId, choice);
    else choices.delete(accountId);
    this.choices.value = choices;
  }

  /** What the server finds wrong with an account's target. */
  issuesOf(accountId: string, field = ""): string[] {
    const index = [...this.choices.value.keys()].indexOf(accountId);
    const at = `targets[${index}]${field && `.${field}`}`;
    const found = this.verdict.value?.issues.filter(({ path }) => path === at || (field && path.startsWith(`${at}[`)));
    return found?.map(({ message }) => message) ?? [];
  }

  /** Publishes or plans it. What has to be approved first is kept until then. */
  async send(): Promise<void> {
    const [containerId, targets] = [this.container.value?.id, this.targets.value];
    if (!containerId) return;
    this.sending.value = true;
    this.fault.value = undefined;
    try {
      const result = this.at.value
        ? await layers.publishing.schedule({ containerId, targets, scheduledFor: fromInput(this.at.value) })
        : await layers.publishing.publishNow({ containerId, targets });
      this.sent.value = { ...result, targets };
    } catch (fault) {
      if (fault instanceof ApprovalRequiredError) this.sent.value = keptAs(targets);
      else this.fault.value = fault;
    }
    this.sending.value = false;
  }

  /** Forgets it all; what nothing was done with is deleted on the server too. */
  async discard(): Promise<void> {
    this.#end();
    clearTimeout(this.#timer);
    this.#turn++;
    this.#stopUpload();
    await this.#work;
    if (!this.sent.value) await this.#deleteContainer();
    for (const { url } of this.files.value) URL.revokeObjectURL(url);
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.behind.value = true;
    if (this.#uploading !== this.#wanted()) this.#stopUpload();
    this.#timer = setTimeout(() => {
      // One after the other: two at once could make two containers of one draft.
      const turn = ++this.#turn;
      this.#work = this.#work.then(() => this.#follow(turn));
    }, PAUSE);
  }

  #wanted(): string {
    return this.files.peek().map(({ key }) => key).join();
  }

  /** Once all bytes are sent there is no way back: the server has them. */
  #stopUpload(): void {
    if ((this.progress.peek() ?? 1) < 1) this.#upload?.abort();
  }

  async #follow(turn: number): Promise<void> {
    if (turn !== this.#turn) return;
    try {
      await this.#remakeIfNeeded();
      await this.#tellWords();
      const verdict = await this.#validated();
      if (turn !== this.#turn) return;
      this.verdict.value = verdict;
      this.fault.value = undefined;
    } catch (fault) {
      if (turn !== this.#turn || this.#upload?.signal.aborted) return;
      this.verdict.value = undefined;
      this.fault.value = fault;
    }
    this.behind.value = false;
  }

  async #remakeIfNeeded(): Promise<void> {
    const files = this.files.peek();
    const [wanted, caption] = [this.#wanted(), this.caption.peek()];
    const wordless = files.length === 0 && !caption.trim();
    if (this.container.peek() && wanted === this.#madeFrom && !wordless) return;
    await this.#deleteContainer();
    if (wordless) return;
    const words = { projectId: this.projectId, caption, firstComment: this.firstComment.peek() || undefined };
    this.container.value =
      files.length === 0
        ? await layers.content.createText(words)
        : await this.#sendFiles({ ...words, files: files.map(({ file }) => file) }, wanted);
    this.#madeFrom = wanted;
  }

  async #sendFiles(params: UploadParams, wanted: string): Promise<Container> {
    const { signal } = (this.#upload = new AbortController());
    this.#uploading = wanted;
    this.progress.value = 0;
    try {
      const onProgress = ({ sent, total }: Progress) => (this.progress.value = sent / total);
      return await layers.content.upload(params, { signal, onProgress });
    } finally {
      this.progress.value = undefined;
    }
  }

  async #tellWords(): Promise<void> {
    const container = this.container.peek();
    const words = { caption: this.caption.peek(), firstComment: this.firstComment.peek() || null };
    if (!container || (container.caption === words.caption && container.firstComment === words.firstComment)) return;
    this.container.value = await layers.content.update({ containerId: container.id, ...words });
  }

  async #validated(): Promise<Verdict | undefined> {
    const [container, targets, at] = [this.container.peek(), this.targets.peek(), this.at.peek()];
    if (!container || targets.length === 0) return undefined;
    const scheduledFor = at ? fromInput(at) : null;
    return layers.publishing.validate({ containerId: container.id, targets, scheduledFor });
  }

  async #deleteContainer(): Promise<void> {
    const container = this.container.peek();
    this.container.value = undefined;
    this.verdict.value = undefined;
    this.#madeFrom = "";
    if (container) await layers.content.delete({ containerId: container.id });
  }
}

function targetOf([socialAccountId, choice]: [string, Choice]): Target {
  return {
    socialAccountId,
    mode: choice.mode,
    ...(choice.caption !== undefined && { captionOverride: choice.caption }),
    ...(choice.firstComment !== undefined && { firstCommentOverride: choice.firstComment }),
    ...(Object.keys(choice.options).length > 0 && { platformOptions: choice.options }),
    ...(choice.allowDuplicate && { allowDuplicate: true }),
  };
}

const keptAs = (targets: Target[]): Sent => ({
  scheduledPostIds: [],
  gateStatus: "blocked_on_approval",
  scheduledFor: new Date().toISOString(),
  targets,
});

const drafts = signal<ReadonlyMap<string, Draft>>(new Map());

/** The draft of a project; a new one when there is none. */
export function draftOf(projectId: string): Draft {
  const existing = drafts.value.get(projectId);
  if (existing) return existing;
  const made = new Draft(projectId);
  drafts.value = new Map(drafts.peek()).set(projectId, made);
  return made;
}

/** Begins anew in a project; throws when what was there cannot be deleted. */
export async function beginAnew(projectId: string): Promise<void> {
  await drafts.peek().get(projectId)?.discard();
  drafts.value = new Map(drafts.peek()).set(projectId, new Draft(projectId));
}

addEventListener("beforeunload", (event) => {
  const unsent = [...drafts.peek().values()].some((draft) => !draft.sent.peek() && !draft.isEmpty);
  if (unsent) event.preventDefault();
});
