import type { Container } from "@layers/sdk";
import { Check, X } from "lucide-preact";
import { useState } from "preact/hooks";
import { layers } from "../../api";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { Trouble } from "../../ui/Notice";
import { toast } from "../../ui/Toasts";
import { dateTime } from "../../words/times";

export type VerdictKind = "approve" | "reject";
const LONGEST = 1024;

interface VerdictProps {
  kind: VerdictKind;
  container: Container;
  onClose: () => void;
  /** `failure`: it stands approved, but what was planned could not be queued. */
  onDecided: (container: Container, failure?: string) => void;
}

/** Asks once more: neither answer can be taken back. */
export function Verdict(props: VerdictProps) {
  return props.kind === "approve" ? <Approve {...props} /> : <Reject {...props} />;
}

function Approve({ container, onClose, onDecided }: VerdictProps) {
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const submit = async () => {
    setBusy(true);
    try {
      const { pendingSchedulePromotion: promoted } = await layers.approval.approve({
        containerId: container.id,
        note: note.trim() || null,
      });
      if (promoted?.status === "failed") return onDecided(container, brokenPlan(promoted.error));
      toast(`Approved${promoted ? ` · ${countOf(promoted.scheduledPostIds?.length ?? 0)} queued` : ""}`);
      onDecided(container);
    } catch (refused) {
      setFault(refused);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Approve this?" onClose={onClose} onSubmit={submit}>
      <p class="soft">{afterApproval(container)}</p>
      <Field label="Note" hint="For the audit log; may stay empty.">
        {(field) => (
          <input {...field} maxLength={LONGEST} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
        )}
      </Field>
      <Trouble fault={fault} />
      <div class="actions">
        <Button onClick={onClose}>Back</Button>
        <Button type="submit" tone="primary" icon={Check} busy={busy}>
          Approve
        </Button>
      </div>
    </Dialog>
  );
}

function Reject({ container, onClose, onDecided }: VerdictProps) {
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const submit = async () => {
    setBusy(true);
    try {
      await layers.approval.reject({ containerId: container.id, reason: reason.trim() });
      toast("Rejected");
      onDecided(container);
    } catch (refused) {
      setFault(refused);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Reject this for good?" onClose={onClose} onSubmit={submit}>
      <p class="soft">
        A rejection is final: this content can never be published{container.pendingSchedule && ", and what was planned for it is dropped"}.
        To try again it has to be uploaded anew.
      </p>
      <Field label="Reason" hint="Whoever made it reads this.">
        {(field) => (
          <textarea
            {...field}
            rows={3}
            required
            maxLength={LONGEST}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
            }}
          />
        )}
      </Field>
      <Trouble fault={fault} />
      <div class="actions">
        <Button onClick={onClose}>Back</Button>
        <Button type="submit" tone="destroy" icon={X} busy={busy} disabled={!reason.trim()}>
          Reject for good
        </Button>
      </div>
    </Dialog>
  );
}

const countOf = (posts: number): string => (posts === 1 ? "one post" : `${posts} posts`);

function afterApproval({ pendingSchedule }: Container): string {
  if (!pendingSchedule) return "Nothing goes out by itself: it can then be published or planned.";
  const { scheduledFor, targets } = pendingSchedule;
  const goes = `${targets.length === 1 ? "One post goes" : `${targets.length} posts go`} out`;
  return scheduledFor && Date.parse(scheduledFor) > Date.now() ? `${goes} ${dateTime(scheduledFor)}.` : `${goes} at once.`;
}

function brokenPlan(error: Record<string, unknown> | undefined): string {
  const why = typeof error?.message === "string" ? error.message : "the reason is in its story.";
  return `Approved, but what was planned could not be queued: ${why} The plan is kept.`;
}
