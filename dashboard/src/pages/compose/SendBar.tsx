import { ConflictError } from "@layers/sdk";
import { CalendarClock, CircleCheck, Send } from "lucide-preact";
import { can } from "../../session";
import { Button } from "../../ui/Button";
import { Trouble } from "../../ui/Notice";
import { toInput, zone } from "../../words/times";
import type { Draft } from "./draft";

const HOUR = 3_600_000;

/** When it goes out, what still stands in its way, and the button. */
export function SendBar({ draft }: { draft: Draft }) {
  const later = draft.at.value !== "";
  const hour = () => toInput(new Date(Math.ceil(Date.now() / HOUR + 0.5) * HOUR).toISOString());
  const times = draft.verdict.value?.issues.filter(({ path }) => path === "scheduledFor") ?? [];
  return (
    <div class="send card">
      <Trouble fault={draft.fault.value}>
        {isDuplicate(draft.fault.value) && (
          <div class="actions">
            <Button onClick={() => allowAll(draft)}>Post it twice all the same</Button>
          </div>
        )}
      </Trouble>
      <div class="send-line">
        <div class="segments" role="radiogroup" aria-label="When">
          <label>
            <input type="radio" name="when" checked={!later} onChange={() => (draft.at.value = "")} />
            Now
          </label>
          <label>
            <input type="radio" name="when" checked={later} onChange={() => (draft.at.value = hour())} />
            Later
          </label>
        </div>
        {later && (
          <div class="send-at">
            <input
              type="datetime-local"
              aria-label={`Time, in ${zone()}`}
              aria-invalid={times.length > 0}
              required
              value={draft.at.value}
              onInput={({ currentTarget }) => currentTarget.value && (draft.at.value = currentTarget.value)}
            />
            <small class="faint">{zone()}</small>
          </div>
        )}
        <State draft={draft} />
        <Submit draft={draft} later={later} />
      </div>
    </div>
  );
}

/** The dry run's word. */
function State({ draft }: { draft: Draft }) {
  const { issues, valid } = draft.verdict.value ?? {};
  return (
    <span class="send-state" role="status">
      {stateWords(draft)}
      {issues && !valid && (
        <ul class="unseen">
          {issues.map(({ path, message }) => (
            <li key={path + message}>{message}</li>
          ))}
        </ul>
      )}
    </span>
  );
}

function stateWords(draft: Draft) {
  const verdict = draft.verdict.value;
  if (draft.isEmpty) return <span class="faint">Nothing to send yet</span>;
  if (draft.choices.value.size === 0) return <span class="faint">Choose where it goes</span>;
  if (draft.progress.value !== undefined) return <span class="faint">Uploading …</span>;
  if (draft.behind.value || !verdict) return <span class="faint">Checking …</span>;
  if (!verdict.valid) {
    const count = verdict.issues.length;
    const general = verdict.issues.find(({ path }) => path === "scheduledFor" || path === "containerId");
    if (general?.code === "in_the_past") return <span class="issue">This time is past: choose a later one, or Now</span>;
    return <span class="issue">{general?.message ?? (count === 1 ? "One thing to mend" : `${count} things to mend`)}</span>;
  }
  return (
    <span class="fits">
      <CircleCheck size={16} aria-hidden />
      {verdict.gate === "pending" ? "Fits. Goes out once it is approved" : "Checked, everything fits"}
    </span>
  );
}

function Submit({ draft, later }: { draft: Draft; later: boolean }) {
  const verdict = draft.verdict.value;
  const ready = verdict?.valid && !draft.behind.value && draft.progress.value === undefined;
  const word = verdict?.gate === "pending" ? "Send to review" : later ? "Schedule" : "Publish now";
  if (!can("publish:write")) return <span class="faint">Publishing needs the scope publish:write</span>;
  return (
    <Button
      tone="primary"
      icon={later ? CalendarClock : Send}
      disabled={!ready}
      busy={draft.sending.value}
      onClick={() => void draft.send()}
    >
      {word}
    </Button>
  );
}

const isDuplicate = (fault: unknown): boolean =>
  fault instanceof ConflictError && "subcode" in fault.details && fault.details.subcode === "DUPLICATE_POST";

function allowAll(draft: Draft): void {
  draft.fault.value = undefined;
  draft.choices.value = new Map([...draft.choices.value].map(([id, choice]) => [id, { ...choice, allowDuplicate: true }]));
}
