import type { ScheduledPost, StoryEvent } from "@layers/sdk";
import { CircleCheck, CircleX } from "lucide-preact";
import { useState } from "preact/hooks";
import { layers } from "../../api";
import { titleOf } from "../../catalog";
import { can } from "../../session";
import { Ask } from "../../ui/Ask";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { toast } from "../../ui/Toasts";
import { dateTime, time } from "../../words/times";

interface Lookup {
  call?: string;
  at?: string;
  status?: number;
  [more: string]: unknown;
}

/** What the story says of the doubt: what was sent and not answered, and what the platform was asked. */
function evidenceOf(steps: readonly StoryEvent[]) {
  const doubts = steps.filter(({ type }) => ["in_doubt", "outcome_unknown", "absent", "found"].includes(type));
  const last = doubts.at(-1)?.data ?? {};
  return {
    unanswered: (last.unanswered ?? []) as { call: string; sentAt: string }[],
    lookups: doubts.flatMap(({ data }) => (data.lookups ?? []) as Lookup[]),
    words: doubts,
  };
}

interface ResolveProps {
  post: ScheduledPost;
  steps: readonly StoryEvent[];
  onDone: () => Promise<void>;
}

/** The evidence side by side, and the question only a person can answer. */
export function Resolve({ post, steps, onDone }: ResolveProps) {
  const [answer, setAnswer] = useState<"published" | "not_published">();
  const there = titleOf(post.platform);
  const { unanswered, lookups, words } = evidenceOf(steps);
  return (
    <section class="resolve card" aria-labelledby="resolve">
      <div>
        <h2 id="resolve">Is this post on {there}?</h2>
        <p class="soft">
          The answer of {there} was lost, and it could not be learnt by machine what became of the post. It is never
          sent again on a guess: look there, then say what you see.
        </p>
      </div>
      <div class="evidence">
        <section>
          <h3>What was sent</h3>
          <blockquote>{post.caption || "(no caption)"}</blockquote>
          <ul>
            {unanswered.map(({ call, sentAt }) => (
              <li key={call}>
                <code>{call}</code> left {dateTime(sentAt)}, at {time(sentAt, true)}. No answer came.
              </li>
            ))}
          </ul>
        </section>
        <section>
          <h3>What {there} was asked since</h3>
          <ul>
            {words.map(({ at, message }) => (
              <li key={at + message}>
                <span class="numbers faint">{time(at, true)}</span> {message}
              </li>
            ))}
          </ul>
          {lookups.length > 0 && (
            <details>
              <summary>{lookups.length === 1 ? "One look-up" : `${lookups.length} look-ups`}</summary>
              <pre tabIndex={0}>{JSON.stringify(lookups, null, 2)}</pre>
            </details>
          )}
        </section>
      </div>
      {can("publish:write") ? (
        <div class="actions">
          <Button tone="primary" icon={CircleCheck} onClick={() => setAnswer("published")}>
            Yes, it is there
          </Button>
          <Button icon={CircleX} onClick={() => setAnswer("not_published")}>
            No, it is not
          </Button>
        </div>
      ) : (
        <p class="soft">To answer, sign in with a key that may publish (publish:write).</p>
      )}
      {answer && <Answer post={post} outcome={answer} onClose={() => setAnswer(undefined)} onDone={onDone} />}
    </section>
  );
}

interface AnswerProps {
  post: ScheduledPost;
  outcome: "published" | "not_published";
  onClose: () => void;
  onDone: () => Promise<void>;
}

function Answer({ post, outcome, onClose, onDone }: AnswerProps) {
  const [url, setUrl] = useState("");
  const published = outcome === "published";
  const act = async () => {
    await layers.publishing.resolve({ postId: post.id, outcome, ...(published && url && { externalUrl: url }) });
    toast(published ? "Settled: it is published." : "Settled: it is not there. It can be tried again.");
    await onDone();
  };
  return (
    <Ask
      title={published ? "It is there" : "It is not there"}
      yes={published ? "It is published" : "I looked, it is not there"}
      tone={published ? "primary" : "destroy"}
      act={act}
      onClose={onClose}
    >
      {published ? (
        <Field label="Its address" hint="If you have it at hand; it can be left out.">
          {(field) => (
            <input
              {...field}
              type="url"
              placeholder="https://"
              value={url}
              onInput={(event) => setUrl(event.currentTarget.value)}
            />
          )}
        </Field>
      ) : (
        <p>
          Be sure: after this it can be tried again, and if it is there after all, it will be there twice. Look at the
          profile itself, and at what is still being processed.
        </p>
      )}
    </Ask>
  );
}
