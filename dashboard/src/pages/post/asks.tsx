/** Questions before something is done to a post. */
import { ConflictError, type ScheduledPost } from "@layers/sdk";
import { useState } from "preact/hooks";
import { layers } from "../../api";
import { Ask } from "../../ui/Ask";
import { Field } from "../../ui/Field";
import { toast } from "../../ui/Toasts";
import { dateTime, fromInput, toInput, zone } from "../../words/times";

interface AskProps {
  post: ScheduledPost;
  onClose: () => void;
  onDone: () => Promise<void>;
}

export function MoveDialog({ post, onClose, onDone }: AskProps) {
  const [at, setAt] = useState(toInput(post.scheduledFor));
  const act = async () => {
    const moved = await layers.publishing.reschedule({ postId: post.id, scheduledFor: fromInput(at) });
    toast(`Moved to ${dateTime(moved.scheduledFor)}.`);
    await onDone();
  };
  return (
    <Ask title="Reschedule" yes="Reschedule" act={act} onClose={onClose}>
      <Field label="Goes out at" hint={`Time of ${zone()}.`}>
        {(field) => (
          <input
            {...field}
            type="datetime-local"
            required
            value={at}
            onInput={(event) => setAt(event.currentTarget.value)}
          />
        )}
      </Field>
    </Ask>
  );
}

export function CancelDialog({ post, onClose, onDone }: AskProps) {
  const [reason, setReason] = useState("");
  const act = async () => {
    await layers.publishing.cancel({ postId: post.id, ...(reason && { reason }) });
    toast("Canceled.");
    await onDone();
  };
  return (
    <Ask title="Cancel this post?" yes="Cancel the post" no="Keep it" tone="destroy" act={act} onClose={onClose}>
      <p class="soft">It will not go out. This cannot be taken back; the content stays and can be published anew.</p>
      <Field label="Reason" hint="Kept in the audit log; it can be left out.">
        {(field) => (
          <input {...field} maxLength={1024} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        )}
      </Field>
    </Ask>
  );
}

const isTwin = (fault: unknown): boolean =>
  fault instanceof ConflictError && fault.details.subcode === "DUPLICATE_POST";

export function RetryDialog({ post, onClose, onDone }: AskProps) {
  const act = async (fault: unknown) => {
    await layers.publishing.retry({ postId: post.id, ...(isTwin(fault) && { allowDuplicate: true }) });
    toast("Queued again.");
    await onDone();
  };
  return (
    <Ask
      title="Try again?"
      yes={(fault) => (isTwin(fault) ? "Send it all the same" : "Try again")}
      act={act}
      onClose={onClose}
    >
      <p class="soft">It is known not to be there, so it can be sent again, as it was planned.</p>
    </Ask>
  );
}
